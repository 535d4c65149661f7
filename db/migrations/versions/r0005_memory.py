"""What the memory flow writes: attempts, learning facts, reviews, forgetting curves, revisions that fell due."""

from db.sql_files import upgrade_from

revision = "0005"
down_revision = "0004"
upgrade = upgrade_from(__file__)
