"""Five years of a real Moodle log: what SQL says against a plain count over the file that shares no code with ours."""

from __future__ import annotations

import csv
import gzip
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import psycopg

from tests.e2e.harness import stack
from tests.parts import require

GAP_S, CAP_S, SYSTEM = 1_800, 300, "-1"
LEAVES = re.compile(r"Course viewed|Course module viewed|List Submissions|.* has been viewed\.|.* viewed\.?")


@dataclass
class Row:
    at: int
    student: str
    chapter: str | None
    leaves: bool
    """Whether the student is on no chapter from then on, as the page that was opened belongs to none."""


def rows_of(log: Path) -> tuple[list[Row], Counter[str]]:
    """Returns the rows that count, in the order in which they happened, and how many of each other kind there are."""
    kept: list[Row] = []
    other: Counter[str] = Counter()
    with gzip.open(log, "rt", encoding="utf-8", newline="") as file:
        newest_first = list(csv.DictReader(file))
    for row in reversed(newest_first):
        if not row["user"]:
            other["missing_field"] += 1
        elif not row["ts"]:
            other["bad_timestamp"] += 1
        elif row["user"] == SYSTEM:
            other["system"] += 1
        else:
            at = datetime.fromisoformat(row["ts"]).replace(tzinfo=UTC)
            chapter = row["cmid"] or next(iter(re.findall(r"course module id '(\d+)'", row["Description"])), None)
            leaves = bool(LEAVES.fullmatch(row["Event name"].strip()))
            kept.append(Row(int(at.timestamp()), row["user"], f"cm{chapter}" if chapter else None, leaves))
    return sorted(kept, key=lambda one: one.at), other


def sessions_of(rows: list[Row]) -> Iterator[list[Row]]:
    """Yields each student's runs of rows less than 30 minutes apart."""
    by_student: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_student[row.student].append(row)
    for mine in by_student.values():
        breaks = [i for i, (one, two) in enumerate(pairwise(mine), 1) if two.at - one.at >= GAP_S]
        yield from (mine[a:b] for a, b in pairwise([0, *breaks, len(mine)]))


def chapter_time(session: list[Row]) -> tuple[Counter[str], Counter[str]]:
    """Returns, by chapter, the seconds that count in a session, and its visits."""
    spent: Counter[str] = Counter()
    visits: Counter[str] = Counter()
    here: str | None = None
    for row, after in zip(session, [*session[1:], None], strict=True):
        now = row.chapter or (None if row.leaves else here)
        if now is not None:
            visits[now] += now != here
            spent[now] += CAP_S if after is None else min(CAP_S, after.at - row.at)
        here = now
    return spent, visits


def test_the_figures_of_the_real_log_are_those_of_a_plain_count(
    kafka: str, postgres_url: str, topic_prefix: str, tmp_path: Path, data_dir: Path
) -> None:
    log = data_dir / "moodle-oop-course.csv.gz"
    require("data", log.is_file(), f"{log} does not exist")
    rows, other = rows_of(log)
    sessions = list(sessions_of(rows))
    spent: Counter[str] = Counter()
    visits: Counter[str] = Counter()
    for session in sessions:
        for total, more in zip((spent, visits), chapter_time(session), strict=True):
            total.update(more)
    days = {(row.student, row.at // 86_400) for row in rows}
    lengths = sum(session[-1].at - session[0].at for session in sessions)

    with stack(kafka, postgres_url, topic_prefix, tmp_path) as here:
        here.command("replay", str(log), "--format", "moodle", "--close")
        here.catch_up("archive", "engagement", "content")
        with psycopg.connect(postgres_url, options="-c timezone=UTC -c classpulse.clock=data") as connection:

            def ask(query: str) -> list[tuple[Any, ...]]:
                return connection.execute(query.encode()).fetchall()

            rejects = dict(ask("SELECT reason, count(*) FROM dead_letters GROUP BY 1"))
            assert rejects == {"missing_field": 7_866, "bad_timestamp": 3}
            assert rejects | {"system": 278} == other
            by_role = dict(ask("SELECT role, count(*) FROM events GROUP BY 1"))
            assert by_role == {"student": len(rows), "system": other["system"]}
            students = len({row.student for row in rows})
            assert ask("SELECT count(DISTINCT student_id) FROM student_days") == [(students,)]
            assert ask("SELECT count(*), sum(interactions)::int FROM student_days") == [(len(days), len(rows))]
            stored = "SELECT count(*), count(DISTINCT session_id), sum(events)::int, sum(duration_seconds)::int"
            assert ask(f"{stored} FROM sessions_closed") == [(len(sessions), len(sessions), len(rows), lengths)]
            reported = "SELECT chapter_id, sum(time_spent_seconds)::int, count(*) FROM chapter_visits GROUP BY 1"
            found = {chapter: (seconds, count) for chapter, seconds, count in ask(reported)}
    print(
        f"\n{len(rows):,} rows of {students} students on {len(days):,} student days, "
        f"{len(sessions):,} sessions of {lengths / len(sessions):.0f} s, "
        f"{sum(visits.values()):,} visits of {len(visits)} chapters, {sum(spent.values()):,} s of chapter time"
    )
    assert found == {chapter: (spent[chapter], count) for chapter, count in visits.items()}
