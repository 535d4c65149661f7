from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from dataflows.events.coded import decode_coded
from tests.dataflows.events.batches import NOW_MS, accepted, records
from tests.dataflows.events.requirement_events import EVENTS

_IDS = [name for name, *_ in EVENTS]
_TIMES = {"timestamp", "start_time", "chapter_start_time", "event_timestamp"}


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        for child in value.values():
            yield from _leaves(child)
    else:
        yield value


@pytest.mark.parametrize(("name", "topic", "document", "columns"), EVENTS, ids=_IDS)
def test_each_event_of_the_requirement_documents_is_accepted_with_all_its_fields(
    name: str, topic: str, document: dict[str, Any], columns: dict[str, Any]
) -> None:
    row = accepted(document, topic)
    assert {column: row[column] for column in columns} == columns
    stored = list(_leaves(row))
    sent = _leaves({field: value for field, value in document.items() if field not in _TIMES})
    assert [value for value in sent if value not in stored and str(value) not in stored] == []


@pytest.mark.parametrize(("name", "topic", "document", "columns"), EVENTS, ids=_IDS)
def test_each_event_of_the_requirement_documents_counts_in_the_live_flow(
    name: str, topic: str, document: dict[str, Any], columns: dict[str, Any]
) -> None:
    coded = decode_coded(records(document, topic=topic))
    assert coded.rejects == []
    assert coded.frame.height == 1


def test_a_learning_event_without_a_time_happened_when_it_was_appended() -> None:
    assert accepted({"user_id": "u", "module": "m", "score": 1}, "module_quiz_events")["event_ms"] == NOW_MS
