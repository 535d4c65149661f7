"""Pipeline: its SQL gives the known answer on both databases, its PromQL names metrics that the workers have."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import yaml

from grafana.committed import boards
from tests.grafana.conftest import School
from tests.grafana.known_day import NOW
from tests.grafana.known_term import MONTH
from tests.grafana.shown import Rows

BOARD = "pipeline"
ROOT = Path(__file__).parents[2]


def panel(school: School, title: str) -> Rows:
    return school.on(BOARD, title, MONTH)


def test_the_sentence_names_the_flows_that_stand_still(term: School) -> None:
    [(said,)] = panel(term, "What you are looking at")
    assert said.startswith("Pipeline stalled: content, engagement, memory behind the clock by up to ")


def test_the_sentence_says_when_all_is_well(school: School) -> None:
    now_ms = round(datetime.now(UTC).timestamp() * 1000) + 600_000
    school.empty("task_progress")
    school.put(task_progress=[{"flow": "engagement", "task": 0, "offsets": {}, "watermarks": {"t": now_ms}}])
    [(said,)] = panel(school, "What you are looking at")
    assert said.startswith("Up to date: 1 flows with 1 tasks, the slowest ")


def test_without_any_flow_it_says_how_to_start_one(empty_school: School) -> None:
    [(said,)] = panel(empty_school, "What you are looking at")
    assert said.startswith("No data yet")
    empty_school.answers_everywhere(BOARD, MONTH)


def test_flows_and_topics_have_their_watermarks(term: School) -> None:
    rows = panel(term, "How far the numbers are")
    assert [(row[0], row[2], row[4], *row[6:]) for row in rows] == [
        ("content", NOW, 1, 0, 0),
        ("engagement", NOW, 2, 0, 0),
        ("memory", NOW, 1, 0, 0),
    ]
    assert panel(term, "Watermarks by flow and topic") == [
        ("content", "clickstream_events", 1, NOW, NOW, 9, 0),
        ("engagement", "clickstream_events", 2, NOW, NOW + timedelta(seconds=1), 18, 0),
        ("memory", "clickstream_events", 1, NOW, NOW, 9, 0),
    ]


def test_rejects_and_oddities_are_those_of_late(term: School) -> None:
    now = datetime.now(UTC)
    reject = {"topic": "clickstream_events", "partition": 0, "reason": "not_json", "detail": "cut", "payload": "{"}
    term.put(
        dead_letters=[
            {**reject, "received_at": now - timedelta(hours=hours), "kafka_offset": hours} for hours in (1, 2, 30)
        ],
        anomalies=[
            {
                "detected_at": NOW - timedelta(days=days),
                "kind": "student_in_two_tasks",
                "subject_id": "ann",
                "score": 1,
                "detail": {"is": 1, "was": 0},
            }
            for days in (1, 8)
        ],
    )
    assert [row[1:] for row in panel(term, "Rejected in the last 24 hours")] == [
        ("not_json", "cut", "clickstream_events", 0, 1),
        ("not_json", "cut", "clickstream_events", 0, 2),
    ]
    assert panel(term, "Why records were rejected, last 24 hours") == [
        ("not_json", 2, "cut", "Send one JSON object a record, in UTF-8.")
    ]
    assert [row[1:3] for row in panel(term, "Oddities of the last seven days")] == [("student_in_two_tasks", "ann")]


def test_late_events_that_wait_are_told_by_flow_and_day_beside_the_last_night(term: School) -> None:
    assert panel(term, "Last nightly run") == []
    assert panel(term, "Late events that wait") == []
    done = NOW - timedelta(hours=6)
    event = {"role": "student", "event_type": "click", "event_name": "scroll", "student_id": "ann", "partition": 0}
    term.put(
        nightly_runs=[{"succeeded_at": done, "added": 40, "waiting_days": 1}],
        late_seen=[
            {"flow": flow, "up_to_place": {"clickstream_events": {"0": 1000}}, "seen_at": done}
            for flow in ("engagement", "content")
        ],
        late_left=[{"flow": "content", "day": NOW.date(), "events": 7, "settled_at": NOW}],
        events=[
            {
                **event,
                "event_id": f"{number:032x}",
                "event_time": NOW - timedelta(minutes=ago),
                "topic": "clickstream_events",
                "kafka_offset": offset,
                "ingested_at": NOW - timedelta(minutes=number),
                "watermark_before": NOW,
            }
            # the first was seen by the night, the second is in time, the third too late for minutes alone
            for number, (offset, ago) in enumerate([(999, 2_000), (1_000, 1), (1_001, 89), (1_002, 90), (1_003, 2_000)])
        ],
    )
    assert panel(term, "Last nightly run") == [(done, 40, 1, NOW - timedelta(minutes=4))]
    today, before = f"{NOW:%Y-%m-%d}", f"{NOW - timedelta(minutes=2_000):%Y-%m-%d}"
    assert panel(term, "Late events that wait") == [
        ("content", today, 8, NOW, NOW - timedelta(minutes=3)),
        ("engagement", today, 2, None, NOW - timedelta(minutes=3)),
        ("content", before, 1, None, NOW - timedelta(minutes=4)),
        ("engagement", before, 1, None, NOW - timedelta(minutes=4)),
    ]


def test_every_metric_asked_for_is_one_that_workers_or_recording_rules_have() -> None:
    rules = yaml.safe_load((ROOT / "prometheus" / "rules" / "recording.yml").read_text(encoding="utf-8"))
    recorded = {rule["record"] for group in rules["groups"] for rule in group["rules"]}
    sources = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "dataflows").rglob("*.py"))
    declared = set(re.findall(r'"([a-z_]+)"', sources))
    given = {"up", "process_cpu_seconds_total", "process_resident_memory_bytes"}  # Prometheus's and its client's own
    queried = set()
    for each in boards()[BOARD]["panels"]:
        if "expr" in each["targets"][0]:
            expression = re.sub(r"\{[^}]*\}|\([a-z_, ]+\)", " ", each["targets"][0]["expr"])
            queried |= set(re.findall(r"classpulse:[\w:]+|\b[a-z]+(?:_[a-z]+)+\b|\bup\b", expression))
    queried -= {"histogram_quantile", "group_left"}
    assert len(queried) > 8
    known = recorded | declared | given | {f"{name}_bucket" for name in declared}
    assert {name for name in queried if name not in known and name.removesuffix("_total") not in known} == set()
