"""Places written last, and how many partitions there were."""

from db.sql_files import upgrade_from

revision = "0013"
down_revision = "0012"
upgrade = upgrade_from(__file__)
