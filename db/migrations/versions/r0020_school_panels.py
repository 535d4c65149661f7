"""What boards show of all classes side by side: summaries that a job keeps on TimescaleDB."""

from db.sql_files import upgrade_from

revision = "0020"
down_revision = "0019"
upgrade = upgrade_from(__file__)
