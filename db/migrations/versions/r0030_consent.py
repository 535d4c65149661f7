"""Students' consents, and by what erased students are known."""

from db.sql_files import upgrade_from

revision = "0030"
down_revision = "0029"
upgrade = upgrade_from(__file__)
