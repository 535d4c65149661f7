"""All decoders accept exactly the same events, with the same values."""

from __future__ import annotations

import json
import math
from collections import Counter
from typing import Any

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dataflows.batch import Records
from dataflows.events import coded as coded_module
from dataflows.events import full as full_module
from dataflows.events import studied as studied_module
from dataflows.events.coded import Coded, decode_coded
from dataflows.events.detailed import NUMBERS, decode_detailed, visit_end_ms
from dataflows.events.full import Full, decode_full
from dataflows.events.kinds import KINDS
from dataflows.events.plain import Plain, decode_plain
from dataflows.events.scanner import loading
from dataflows.events.studied import Number, Studied, decode_studied
from tests.dataflows.events.batches import NOW_MS, records
from tests.dataflows.events.generated import plain_events, values

pytestmark = pytest.mark.usefixtures("scanner")

_topics = st.sampled_from([*KINDS, "clickstream_events", "clickstream_events", "lms_clickstream", "unheard_of"])
_PLACE = ["class_id", "grade", "subject_id", "course_id", "chapter_id"]
_SHARED = ["offset", "append_ms", "event_ms", "is_tick", "id_hi", "id_lo"]


@st.composite
def batches(draw: st.DrawFn) -> Records:
    held = draw(st.lists(values(), max_size=8))
    total = len(held)
    ticks: list[int | None] = []
    if draw(st.booleans()):
        ticks = [NOW_MS + i if value is None else None for i, value in enumerate(held)]
    keys = draw(st.lists(st.none() | st.binary(max_size=3), min_size=total, max_size=total))
    return Records(draw(_topics), 0, list(range(total)), [NOW_MS + i for i in range(total)], keys, held, ticks)


def _spoken(coded: Coded) -> list[dict[str, Any]]:
    """The coded events with their codes looked up."""
    out = []
    for row in coded.frame.filter(~pl.col("is_tick")).iter_rows(named=True):
        place = dict(zip(_PLACE, coded.places[row["place"]], strict=True))
        role, event_name, device_type, browser, hidden = coded.acts[row["act"]]
        out.append(
            {name: row[name] for name in [*_SHARED, "position_s", "duration_s", "rate"]}
            | place
            | {"student_id": coded.students[row["student"]], "session_id": coded.sessions[row["session"]]}
            | {"role": role, "event_name": event_name, "device_type": device_type, "browser": browser}
            | {"hidden": hidden}
        )
    return out


def _seconds(metadata: dict[str, Any], name: str) -> float | None:
    value = metadata.get(name)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _written(full: Full) -> list[dict[str, Any]]:
    """The same facts, worked out from the archive's row."""
    out = []
    for row in full.frame.filter(~pl.col("is_tick")).iter_rows(named=True):
        metadata = json.loads(row["metadata"] or "{}")
        played = metadata if row["event_name"].startswith("video_") else {}
        ping = row["event_name"] == "time_ping" or row["event_type"] == "heartbeat"
        names = [*_SHARED, *_PLACE, "student_id", "session_id", "role", "event_name", "device_type", "browser"]
        out.append(
            {name: row[name] for name in names}
            | {
                "position_s": _seconds(played, "position_s"),
                "duration_s": _seconds(played, "video_duration_s"),
                "rate": _seconds(played, "playback_rate"),
                "hidden": ping and metadata.get("hidden") is True,
            }
        )
    return out


def _read(studied: Studied) -> list[dict[str, Any]]:
    """The content flow's events with their codes looked up."""
    out = []
    for row in studied.frame.filter(~pl.col("is_tick")).iter_rows(named=True):
        numbers = [None if math.isnan(n) else n for n in studied.numbers[row["extra"]].tolist()]
        out.append(
            {name: row[name] for name in _SHARED}
            | {"student_id": studied.students[row["student"]], "session_id": studied.sessions[row["session"]]}
            | {"page_url": studied.pages[row["page"]]}
            | studied.places[row["location"]]._asdict()
            | studied.actions[row["action"]]._asdict()
            | studied.clients[row["client"]]._asdict()
            | studied.items[row["item"]]._asdict()
            | dict(zip(NUMBERS, numbers, strict=False))
            | {"end_ms": numbers[Number.END_MS]}
        )
    return out


def _reported(full: Full, *, is_view: bool) -> list[dict[str, Any]]:
    """The same facts, worked out from the archive's row."""
    out = []
    same = ["class_id", "course_id", "chapter_id", "lesson_id", "student_id", "session_id", "page_url", "role"]
    same += ["event_name", "device_type", "browser", "country_code", "video_id", "assessment_id"]
    for row in full.frame.filter(~pl.col("is_tick")).iter_rows(named=True):
        metadata = json.loads(row["metadata"] or "{}")
        ping = row["event_name"] == "time_ping" or row["event_type"] == "heartbeat"
        out.append(
            {name: row[name] for name in [*_SHARED, *same]}
            | {"ping": ping, "hidden": ping and metadata.get("hidden") is True}
            | {name: _seconds(metadata, name) for name in NUMBERS}
            | {"end_ms": _end_ms(metadata) if is_view else None}
        )
    return out


def _end_ms(metadata: dict[str, Any]) -> float | None:
    ms = visit_end_ms(metadata)
    return None if math.isnan(ms) else ms


@settings(max_examples=600, deadline=None)
@given(batches())
@example(records(b'{"a":1},{"b":2}'))
def test_the_content_flow_gives_the_same_verdict_and_the_same_values_for_any_records(batch: Records) -> None:
    studied, full = decode_studied(batch), decode_full(batch)
    assert studied.rejects == full.rejects
    assert studied.frame.select(_SHARED).equals(full.frame.select(_SHARED))
    assert studied.is_view == (batch.topic == "chapter_view_events")
    assert _read(studied) == _reported(full, is_view=studied.is_view)


@settings(max_examples=600, deadline=None)
@given(batches())
@example(records(b'{"a":1},{"b":2}'))
def test_both_decoders_give_the_same_verdict_and_the_same_values_for_any_records(batch: Records) -> None:
    coded, full = decode_coded(batch), decode_full(batch)
    assert coded.rejects == full.rejects
    assert coded.frame.select(_SHARED).equals(full.frame.select(_SHARED))
    assert _spoken(coded) == _written(full)


@settings(max_examples=300, deadline=None)
@given(batches())
def test_every_record_is_a_row_a_tick_or_a_reject(batch: Records) -> None:
    coded = decode_coded(batch)
    ticks = sum(tick is not None for tick in batch.ticks)
    assert coded.frame["is_tick"].sum() == ticks
    places = Counter(coded.frame["offset"].to_list()) + Counter(reject.offset for reject in coded.rejects)
    assert places == Counter(batch.offsets)
    assert coded.frame["offset"].is_sorted()


def _all_odd(held: list[bytes | None]) -> tuple[list[Plain | None], list[int]]:
    return [None] * len(held), list(range(len(held)))


@settings(max_examples=300, deadline=None)
@given(st.lists(plain_events, min_size=1, max_size=6), st.booleans())
def test_the_fast_paths_equal_the_slow_path_on_plain_events(events: list[dict[str, Any]], ascii_only: bool) -> None:
    batch = records(*(json.dumps(event, ensure_ascii=ascii_only).encode() for event in events))
    fast, fast_full, fast_studied = decode_coded(batch), decode_full(batch), decode_studied(batch)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(coded_module, "decode_plain", _all_odd)
        patch.setattr(full_module, "decode_whole", _all_odd)
        patch.setattr(loading, "_kernel", None)
        patch.setattr(studied_module, "decode_detailed", _all_odd)
        slow, slow_full, slow_studied = decode_coded(batch), decode_full(batch), decode_studied(batch)
    assert _spoken(fast) == _spoken(slow)
    assert _read(fast_studied) == _read(slow_studied)
    assert fast_studied.rejects == slow_studied.rejects == []
    assert fast_full.frame.to_dicts() == slow_full.frame.to_dicts()
    assert fast.rejects == slow.rejects == fast_full.rejects == slow_full.rejects == []


@settings(max_examples=300, deadline=None)
@given(batches())
def test_the_archives_fast_path_equals_its_slow_path_on_any_records(batch: Records) -> None:
    fast = decode_full(batch)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(full_module, "decode_whole", _all_odd)
        patch.setattr(loading, "_kernel", None)
        slow = decode_full(batch)
    assert fast.rejects == slow.rejects
    assert fast.frame.equals(slow.frame)


@settings(max_examples=100, deadline=None)
@given(st.lists(plain_events, min_size=1, max_size=6))
def test_plain_events_take_the_fast_path(events: list[dict[str, Any]]) -> None:
    common = [event for event in events if isinstance(event["timestamp"], int) or "T" in event["timestamp"][4:11]]
    values_ = [json.dumps(event, ensure_ascii=False).encode() for event in common]
    slow = {"20251009T085320Z", str(NOW_MS)}
    for decode in (decode_plain, decode_detailed):
        decoded, odd = decode([*values_])
        assert odd == [row for row, event in enumerate(common) if event["timestamp"] in slow]
        assert sum(event is None for event in decoded) == len(odd)
