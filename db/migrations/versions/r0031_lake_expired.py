"""Since when the lake is whole."""

from db.sql_files import upgrade_from

revision = "0031"
down_revision = "0030"
upgrade = upgrade_from(__file__)
