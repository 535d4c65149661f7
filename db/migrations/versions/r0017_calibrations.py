"""A calibrated chance to pass, and what the learning alerts need."""

from db.sql_files import upgrade_from

revision = "0017"
down_revision = "0016"
upgrade = upgrade_from(__file__)
