"""Which login sees which classes, and who read what."""

from db.sql_files import upgrade_from

revision = "0026"
down_revision = "0025"
upgrade = upgrade_from(__file__)
