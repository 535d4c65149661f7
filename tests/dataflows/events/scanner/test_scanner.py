"""The scanner and the structs it stands before give the same columns, texts, rejects and order for any records."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import fields
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from dataflows.batch import Records
from dataflows.events.coded import decode_coded
from dataflows.events.full import decode_full
from dataflows.events.rules import DEFAULT_RULES
from dataflows.events.scanner import loading
from dataflows.events.scanner.scan import BLOCK, left, scan
from dataflows.events.studied import decode_studied
from tests.dataflows.events.batches import event, records
from tests.dataflows.events.scanner.mutated import Mutator
from tests.dataflows.events.test_agreement import batches

pytestmark = pytest.mark.usefixtures("scanner")

DECODERS: tuple[Callable[[Records], Any], ...] = (decode_coded, decode_studied, decode_full)


def differences(batch: Records) -> list[str]:
    """What differs between a batch read with the scanner and without it, lists and their order included."""
    found = []
    for decode in DECODERS:
        with pytest.MonkeyPatch.context() as patch:
            scanned = decode(batch)
            patch.setattr(loading, "_kernel", None)
            judged = decode(batch)
        for field in fields(scanned):
            one, other = getattr(scanned, field.name), getattr(judged, field.name)
            if field.name == "frame":
                same = one.schema == other.schema and one.equals(other)
            else:
                same = np.array_equal(one, other, equal_nan=True) if field.name == "numbers" else one == other
            if not same:
                found.append(f"{decode.__name__}: {field.name}")
    return found


def one_by_one(batch: Records) -> list[tuple[bytes | None, list[str]]]:
    """The records of a batch that differ alone, for the message of a failed test."""
    out = []
    for row, value in enumerate(batch.values):
        if found := differences(left(batch, np.array([row]))):
            out.append((value, found))
    return out


def agree_on(mutator: Mutator, total: int) -> float:
    """Compares so many mutated events; returns the share that the scanner took."""
    done = taken = 0
    while done < total:
        batch = mutator.records(mutator.rng.choice([1, 3, 50, 500, BLOCK + 900]))
        found = differences(batch)
        assert not found, (found, one_by_one(batch)[:3])
        scanned = scan(batch, DEFAULT_RULES, ())
        done, taken = done + len(batch.values), taken + (0 if scanned is None else len(scanned.rows))
    return taken / done


def test_twenty_thousand_mutated_events_are_read_alike() -> None:
    assert 0.2 < agree_on(Mutator(seed=14), 20_000) < 0.6


@pytest.mark.soak
def test_a_million_mutated_events_are_read_alike() -> None:
    """Another seed with `CLASSPULSE_SEED`; the message of a failure names the records."""
    agree_on(Mutator(seed=int(os.environ.get("CLASSPULSE_SEED", "1"))), 1_000_000)


@settings(max_examples=300, deadline=None)
@given(batches())
def test_any_records_are_read_alike(batch: Records) -> None:
    assert differences(batch) == []


def _taken(*values: Any) -> list[int]:
    scanned = scan(records(*values), DEFAULT_RULES, ())
    assert scanned is not None
    return list(scanned.rows)


def test_what_an_lms_sends_is_plain() -> None:
    common = event(
        session_id="s1", class_id="7B", course_id=None, device={"type": "mobile", "os": "Android", "browser": "Chrome"},
        metadata={"position_s": 12.5, "video_duration_s": 300, "hidden": False, "answer": "b", "tries": 2},
    )  # fmt: skip
    assert _taken(common, common | {"timestamp": "2025-10-09T08:53:20.25+05:30"}, common | {"build": 7}) == [0, 1, 2]


@pytest.mark.parametrize(
    "fields_",
    [
        {"student_id": " ada"}, {"student_id": "Zoë"}, {"student_id": "a\nb"}, {"student_id": 7}, {"student_id": ""},
        {"hidden": True}, {"score": 5}, {"context": {"class_id": "7B"}}, {"device": "mobile"},
        {"metadata": {"score": "85"}}, {"metadata": {"class_id": "7B"}}, {"metadata": {"list": [1]}},
        {"metadata": {"score": 1e300}}, {"event_id": "6f9619ff8b864011b42d00c04fc964ff"}, {"timestamp": 1.5},
        {"timestamp": "2025-10-09"},
    ],
)  # fmt: skip
def test_what_may_mean_something_else_is_left_to_the_judge(fields_: dict[str, Any]) -> None:
    assert _taken(event(**fields_)) == []


def test_a_vocabulary_grows_and_begins_anew_without_a_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dataflows.events.scanner.vocabulary._MOST_ENTRIES", 2_000)
    for turn in range(3):
        batch = records(
            *(event(student_id=f"s{turn}-{i % 3_000}", session_id="x" * (i % 200 + 1)) for i in range(6_000))
        )
        assert differences(batch) == []
