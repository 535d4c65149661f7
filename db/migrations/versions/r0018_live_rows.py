"""Live rows that a view only compares, and tables that are rewritten in place."""

from db.sql_files import upgrade_from

revision = "0018"
down_revision = "0017"
upgrade = upgrade_from(__file__)
