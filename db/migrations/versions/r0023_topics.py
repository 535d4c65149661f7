"""An id is known by topic: `events` has a row for each topic that tells one."""

from db.sql_files import upgrade_from

revision = "0023"
down_revision = "0022"
upgrade = upgrade_from(__file__)
