"""What the content flow writes: sessions, visits, videos, milestones and day counts."""

from db.sql_files import upgrade_from

revision = "0006"
down_revision = "0005"
upgrade = upgrade_from(__file__)
