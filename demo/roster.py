"""The simulated school's roster and content, loaded as any school's: written as files, read, checked and upserted."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

import psycopg

from db import content
from db.roster import KEYS, write
from ingest.contents.files import Content
from ingest.rosters.files import read
from simulation.content_files import write_content
from simulation.roster_files import write_roster
from simulation.school import School


def load(school: School, folder: Path, url: str, *, lesson_ms: int, timezone: str) -> None:
    """Writes the school's roster and what it teaches to `folder` and loads both.

    Args:
        school: Whose roster.
        folder: Where the files stay, for a look and for `classpulse roster load` and `classpulse content load`.
        url: The database.
        lesson_ms: When the present lesson began, epoch milliseconds; the timetable counts from there.
        timezone: The timetable's zone.
    """
    files = write_roster(school, folder, lesson_ms, timezone)
    taught = Content()
    taught.add(write_content(school, folder), ZoneInfo(timezone))
    with psycopg.connect(url) as connection:
        for file in files:
            tables = read(file, ZoneInfo(timezone)).tables
            for table in KEYS:
                if table in tables:
                    write(connection, table, list(tables[table].values()))
        for rows in taught.parts.values():
            content.write(connection, rows)
        connection.execute(b"ANALYZE " + ", ".join([*KEYS, content.TABLE]).encode())
