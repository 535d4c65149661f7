"""Tokens of the gateway, and its instances with what they have not sent yet."""

from db.sql_files import upgrade_from

revision = "0024"
down_revision = "0023"
upgrade = upgrade_from(__file__)
