"""The hierarchy of continuous aggregates and their refresh policies (views do the same on plain PostgreSQL)."""

from db.sql_files import upgrade_from

revision = "0003"
down_revision = "0002"
upgrade = upgrade_from(__file__)
