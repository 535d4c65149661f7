"""What ageing deletes of attempts stays counted by day, on plain PostgreSQL too."""

from db.sql_files import upgrade_from

revision = "0025"
down_revision = "0024"
upgrade = upgrade_from(__file__)
