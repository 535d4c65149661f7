"""Events that came too late for live days, added to settled days by the nightly run."""

from db.sql_files import upgrade_from

revision = "0015"
down_revision = "0014"
upgrade = upgrade_from(__file__)
