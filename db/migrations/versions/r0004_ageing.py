"""What becomes of old chunks: columnstore and retention, both by the time at which a chunk was made."""

from db.sql_files import upgrade_from

revision = "0004"
down_revision = "0003"
upgrade = upgrade_from(__file__)
