"""Aggregates of visits, and tables of numbers that no aggregate can keep (views do the same on plain PostgreSQL)."""

from db.sql_files import upgrade_from

revision = "0007"
down_revision = "0006"
upgrade = upgrade_from(__file__)
