"""What people maintain."""

from db.sql_files import upgrade_from

revision = "0002"
down_revision = "0001"
upgrade = upgrade_from(__file__)
