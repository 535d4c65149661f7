"""Facts that are known already: a repeat of an event counts once."""

from db.sql_files import upgrade_from

revision = "0014"
down_revision = "0013"
upgrade = upgrade_from(__file__)
