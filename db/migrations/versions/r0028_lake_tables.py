"""Verdicts on class-days, and the catalogue of the lake as a table."""

from db.sql_files import upgrade_from

revision = "0028"
down_revision = "0027"
upgrade = upgrade_from(__file__)
