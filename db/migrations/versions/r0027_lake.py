"""The manifest of the lake."""

from db.sql_files import upgrade_from

revision = "0027"
down_revision = "0026"
upgrade = upgrade_from(__file__)
