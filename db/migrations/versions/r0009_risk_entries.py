"""Who came to be at risk, and when."""

from db.sql_files import upgrade_from

revision = "0009"
down_revision = "0008"
upgrade = upgrade_from(__file__)
