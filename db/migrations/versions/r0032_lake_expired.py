"""Since when the lake is whole."""

from db.sql_files import upgrade_from

revision = "0032"
down_revision = "0031"
upgrade = upgrade_from(__file__)
