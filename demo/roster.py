"""The simulated school's roster, loaded as any school's: written as files, read, checked and upserted."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

import psycopg

from db.roster import KEYS, write
from ingest.rosters.files import read
from simulation.roster_files import write_roster
from simulation.school import School


def load(school: School, folder: Path, url: str, *, lesson_ms: int, timezone: str) -> None:
    """Writes the school's roster to `folder` and loads it.

    Args:
        school: Whose roster.
        folder: Where the files stay, for a look and for `classpulse roster load`.
        url: The database.
        lesson_ms: When the present lesson began, epoch milliseconds; the timetable counts from there.
        timezone: The timetable's zone.
    """
    files = write_roster(school, folder, lesson_ms, timezone)
    with psycopg.connect(url) as connection:
        for file in files:
            tables = read(file, ZoneInfo(timezone)).tables
            for table in KEYS:
                if table in tables:
                    write(connection, table, list(tables[table].values()))
        connection.execute(b"ANALYZE " + ", ".join(KEYS).encode())
