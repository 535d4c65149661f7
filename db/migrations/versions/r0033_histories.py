"""What rosters and contents said when."""

from db.sql_files import upgrade_from

revision = "0033"
down_revision = "0032"
upgrade = upgrade_from(__file__)
