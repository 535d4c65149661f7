"""What the boards of a large school need: an index, and summaries that a job keeps on TimescaleDB."""

from db.sql_files import upgrade_from

revision = "0011"
down_revision = "0010"
upgrade = upgrade_from(__file__)
