"""What the last night left waiting, and up to where it looked."""

from db.sql_files import upgrade_from

revision = "0022"
down_revision = "0020"
upgrade = upgrade_from(__file__)
