"""What the flows write."""

from db.sql_files import upgrade_from

revision = "0001"
down_revision = None
upgrade = upgrade_from(__file__)
