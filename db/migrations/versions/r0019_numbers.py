"""Enrolments and numbers by their new definitions."""

from db.sql_files import upgrade_from

revision = "0019"
down_revision = "0018"
upgrade = upgrade_from(__file__)
