"""Where the members of a flow's cluster meet."""

from db.sql_files import upgrade_from

revision = "0008"
down_revision = "0007"
upgrade = upgrade_from(__file__)
