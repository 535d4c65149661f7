"""What grows for ever is rolled up or deleted."""

from db.sql_files import upgrade_from

revision = "0016"
down_revision = "0015"
upgrade = upgrade_from(__file__)
