"""Reminders to students: addresses, who wants none, and what was sent."""

from db.sql_files import upgrade_from

revision = "0010"
down_revision = "0009"
upgrade = upgrade_from(__file__)
