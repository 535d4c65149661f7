"""`classpulse rebuild content`: what was made live is made again; a day may count what came too late for it."""

from __future__ import annotations

import json
import re
import uuid
from pathlib import Path

import pytest

from tests.e2e.harness import stack
from tests.e2e.studies import CLICKS, DAY, MINUTE, START, Action, publish, studies
from tests.e2e.studying import assert_studied, expected_of, tick
from tests.e2e.tables import CONTENT, differences, dump
from tests.oracle.nights import late_days_of

FOR_EVER_MS = 10**12
FIRST_DAY = "2024-03-01"
MIDNIGHT = START - 8 * 60 * MINUTE


@pytest.mark.long
def test_rebuilt_nothing_differs_and_a_day_with_its_late_events_is_what_the_oracle_says(
    kafka: str, timescale_url: str, topic_prefix: str, tmp_path: Path
) -> None:
    actions = studies(students=60, late=0.03)
    with stack(kafka, timescale_url, topic_prefix, tmp_path, CLASSPULSE_BATCH_RECORDS="100") as here:
        tick(here)
        for piece in (actions[: len(actions) // 2], actions[len(actions) // 2 :]):
            publish(kafka, here.prefix, piece)
            here.catch_up("content", "archive")
        assert_changes_nothing(here.command("rebuild", "content", "--dry-run"))

        tick(here, START + 5 * DAY)
        here.catch_up("content", "archive", workers=2)
        live = expected_of(here)
        assert live.late > 10
        assert_studied(here, live)
        assert_changes_nothing(here.command("rebuild", "content"))
        assert_studied(here, live)

        here.command("rebuild", "content", "--include-late", "--day", FIRST_DAY)
        added = expected_of(here, late_days=late_days_of(here.database, "content"))
        changed = {table for table in CONTENT if getattr(added, table) != getattr(live, table)}
        assert changed >= {"sessions_closed", "chapter_visit_facts", "student_click_days"}
        assert_studied(here, added)

        assert_changes_nothing(here.command("rebuild", "content"))
        here.command("nightly")
        assert_studied(here, expected_of(here, late_days=late_days_of(here.database, "content")))
        assert_changes_nothing(here.command("rebuild", "content"))


def test_a_late_event_that_joins_sessions_over_midnight_leaves_one_of_them(
    kafka: str, timescale_url: str, topic_prefix: str, tmp_path: Path
) -> None:
    nights = [("ada", 23 * 60 + 30), ("ben", -10)]  # minutes of the first day: at its end, and at its beginning
    with stack(kafka, timescale_url, topic_prefix, tmp_path) as here:
        tick(here, MIDNIGHT - DAY)
        parts = [
            seen(who, at + after, name) for who, at in nights for after, name in ((0, "page_view"), (40, "scroll"))
        ]
        publish(kafka, here.prefix, sorted(parts, key=lambda action: action.at_ms))
        tick(here, MIDNIGHT + 5 * DAY)
        publish(kafka, here.prefix, [seen(who, at + 20, "button_click") for who, at in nights])
        here.catch_up("content", "archive")
        assert len(dump(here.database, "sessions_closed")) == 4
        here.command("rebuild", "content", "--include-late", "--day", FIRST_DAY)
        patient = expected_of(here, lateness_ms=FOR_EVER_MS)
        assert sorted(row["events"] for row in patient.sessions_closed.values()) == [3, 3]
        for table in ("sessions_closed", "chapter_visit_facts"):
            said = differences(getattr(patient, table), dump(here.database, table), table)
            assert not said, said


def seen(who: str, minute: int, name: str) -> Action:
    """Returns what a student does on a chapter in a minute of the first day."""
    at_ms = MIDNIGHT + minute * MINUTE
    body = {"event_id": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{who}{minute}")), "student_id": who, "event_name": name}
    value = json.dumps(body | {"timestamp": at_ms, "chapter_id": "ch1"}).encode()
    return Action(CLICKS, at_ms, at_ms, who.encode(), value)


def assert_changes_nothing(output: str) -> None:
    """Reads the table that `rebuild` prints: table, same, changed, added, removed, kept."""
    counts = re.findall(r"(\w+) +│ ([\d,]+) +│ ([\d,]+) +│ ([\d,]+) +│ ([\d,]+) +│", output)
    assert {name for name, *_ in counts} >= set(CONTENT), output
    assert all((changed, added, removed) == ("0", "0", "0") for _, _, changed, added, removed in counts), output
    assert all(same != "0" for name, same, *_ in counts if name in ("chapter_visit_facts", "video_views")), output
