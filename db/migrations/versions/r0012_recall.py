"""Summaries of quizzes and forgetting that a job keeps on TimescaleDB."""

from db.sql_files import upgrade_from

revision = "0012"
down_revision = "0011"
upgrade = upgrade_from(__file__)
