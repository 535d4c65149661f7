"""What the cap on inferred ends does to a real log: `make bench-time-on-task`. The table is in docs/time-on-task.md."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

from bench.forgetting.logs import data_folder
from dataflows.batch import Records
from dataflows.content.codes import Codes
from dataflows.content.columns import Events, events_of
from dataflows.content.intervals import LATEST_MS
from dataflows.content.marks import NONE, FoldRules, Marks
from dataflows.content.presence import stretches_of
from dataflows.content.sent import nothing
from dataflows.content.sessions import fold_sessions
from dataflows.content.store import MarkStore
from dataflows.content.visits import fold_visits
from dataflows.errors import UserError
from dataflows.events.studied import decode_studied
from dataflows.kafka.topics import CLICKSTREAM
from ingest.formats.log import read_log, reader_of

CAPS_MIN: Final = (5, 10, 30)
MIN_STUDENTS: Final = 10
TOP: Final = 10


def measure(log: Path | None = None) -> dict[str, Any]:
    """Returns time on task of a Moodle log at several caps, and how the order of activities changes.

    Args:
        log: A log export; the programming course of `CLASSPULSE_DATA` where it is None.
    """
    path = log or data_folder() / "moodle-oop-course.csv.gz"
    if not path.is_file():
        msg = f"{path} does not exist; set CLASSPULSE_DATA to the folder that holds it"
        raise UserError(msg)
    events = read(path)
    codes, marks = marks_of(events)
    visits = {cap: visits_of(marks, codes, cap) for cap in CAPS_MIN}
    ranks = {cap: ranks_of(found) for cap, found in visits.items()}
    return {
        "events": len(events),
        "students": len(np.unique(events.student)),
        "caps": {
            f"{cap} min": figures(found) | {"inferred_hours": inferred(marks, cap)} for cap, found in visits.items()
        },
        "ranks": {f"{cap} min instead of 5": moved(ranks[5], ranks[cap]) for cap in CAPS_MIN[1:]},
        "activities": top(visits, ranks),
    }


def read(path: Path) -> Events:
    """Returns the events of a Moodle log that count, as `replay` publishes and the flow reads them."""
    log = read_log([path], reader_of("moodle"), newest_first=True)
    entries = [entry for entry in log.entries if entry.event_ms is not None]
    times = [entry.event_ms or 0 for entry in entries]
    records = Records(
        CLICKSTREAM, 0, list(range(len(times))), times, [entry.key for entry in entries], [e.value for e in entries]
    )
    studied = decode_studied(records)
    learns = np.array([action.role == "student" for action in studied.actions])
    keep = learns[studied.frame["action"].to_numpy()]
    return events_of(studied, keep, np.zeros(len(keep), np.bool_), 0)


def marks_of(events: Events) -> tuple[Codes, Marks]:
    """Returns all events as marks, each student a member, and what their numbers mean."""
    codes = Codes()
    store = MarkStore(codes)
    store.add(events)
    students = np.arange(len(events.students))
    return codes, store.take(students, np.full(len(students), int(events.event_ms.min())))


def visits_of(marks: Marks, codes: Codes, cap_min: int) -> pl.DataFrame:
    """Returns the visits of activities: student i64, activity str, minutes f64, raw_minutes f64, capped bool."""
    rules = replace(FoldRules(), idle_cap_ms=cap_min * 60_000)
    sessions = fold_sessions(marks, LATEST_MS, rules)
    visits = fold_visits(marks, sessions.of, nothing(), LATEST_MS, rules)
    return pl.DataFrame(
        {
            "student": visits.member,
            "activity": pl.Series(codes.texts.values, dtype=pl.String).gather(visits.chapter),
            "minutes": visits.spent_ms / 60_000,
            "raw_minutes": visits.raw_ms / 60_000,
            "capped": visits.capped,
        }
    )


def inferred(marks: Marks, cap_min: int) -> float:
    """Returns how many of the hours come from stretches that no event ended within the cap."""
    rules = replace(FoldRules(), idle_cap_ms=cap_min * 60_000)
    found = stretches_of(marks, fold_sessions(marks, LATEST_MS, rules).of, LATEST_MS, rules)
    cut = (found.until_ms - found.time_ms == rules.idle_cap_ms) & (found.chapter != NONE)
    followed = np.append((found.member[1:] == found.member[:-1]) & (found.known_ms[:-1] == found.time_ms[1:]), False)
    ended = followed & (found.known_ms == found.until_ms)
    return round(int((cut & ~ended).sum()) * cap_min / 60, 1)


def by_activity(visits: pl.DataFrame) -> pl.DataFrame:
    """Returns, for each activity that enough students visited: hours, and the median of its students' minutes."""
    each = visits.group_by("activity", "student").agg(pl.col("minutes").sum())
    return (
        each.group_by("activity")
        .agg(pl.len().alias("students"), pl.col("minutes").sum() / 60, pl.col("minutes").median().alias("median"))
        .rename({"minutes": "hours"})
        .filter(pl.col("students") >= MIN_STUDENTS)
        .sort("hours", "activity", descending=[True, False])
    )


def figures(visits: pl.DataFrame) -> dict[str, Any]:
    """Returns what is said of one cap."""
    activities = by_activity(visits)
    return {
        "visits": visits.height,
        "total_hours": round(visits["minutes"].sum() / 60, 1),
        "cut_hours": round((visits["raw_minutes"] - visits["minutes"]).sum() / 60, 1),
        "visits_cut_percent": round(100 * visits["capped"].sum() / visits.height, 1),
        "median_minutes_of_a_visit": round(float(np.median(visits["minutes"])), 2),
        "activities": activities.height,
        "median_minutes_per_activity": round(float(np.median(activities["median"])), 2),
    }


def ranks_of(visits: pl.DataFrame) -> dict[str, int]:
    """Returns the place of each activity by the median of its students' minutes."""
    ordered = by_activity(visits).sort("median", "activity", descending=[True, False])["activity"]
    return {activity: place for place, activity in enumerate(ordered, 1)}


def moved(before: dict[str, int], after: dict[str, int]) -> dict[str, Any]:
    """Returns how two orders of the same activities differ."""
    places = np.array([[before[name], after[name]] for name in before])
    moves = np.abs(places[:, 0] - places[:, 1])
    first = {name for name, place in before.items() if place <= TOP}
    still = {name for name, place in after.items() if place <= TOP}
    above = np.sign(places[:, None, 0] - places[None, :, 0]) * np.sign(places[:, None, 1] - places[None, :, 1])
    return {
        "activities": len(moves),
        "moved": int((moves > 0).sum()),
        "largest_move": int(moves.max()),
        "median_move": float(np.median(moves)),
        "new_among_the_first_ten": len(still - first),
        "kendall_tau": round(float(above.sum() / (len(moves) * (len(moves) - 1))), 3),
    }


def top(visits: dict[int, pl.DataFrame], ranks: dict[int, dict[str, int]]) -> list[dict[str, Any]]:
    """Returns the activities that are longest at the smallest cap, with what the other caps say of them."""
    tables = {
        cap: {row["activity"]: row for row in by_activity(found).iter_rows(named=True)} for cap, found in visits.items()
    }
    names = sorted(ranks[CAPS_MIN[0]], key=ranks[CAPS_MIN[0]].__getitem__)[:TOP]
    return [
        {
            "activity": name,
            "students": tables[CAPS_MIN[0]][name]["students"],
            **{f"median_minutes at {cap} min": round(tables[cap][name]["median"], 2) for cap in CAPS_MIN},
            **{f"place at {cap} min": ranks[cap][name] for cap in CAPS_MIN},
        }
        for name in names
    ]
