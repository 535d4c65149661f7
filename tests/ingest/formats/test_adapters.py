"""Adapters of other platforms, all of them: they never fail, and the page says what they do."""

from __future__ import annotations

import doctest
import importlib
import json
import pkgutil
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ingest.formats
from dataflows.batch import Records
from dataflows.events.full import decode_full
from ingest.formats import coverage
from ingest.formats.adapter import Event, Refused, Skipped
from ingest.formats.adapters import ADAPTERS
from ingest.formats.caliper.names import NAMES as CALIPER_NAMES
from ingest.formats.edx.names import ACTIONS, BROWSER_COPIES, MADE
from ingest.formats.jsonl import topic_of
from ingest.formats.xapi.names import VERBS

MODULES = [module.name for module in pkgutil.walk_packages(ingest.formats.__path__, "ingest.formats.")]
NOW_MS = 1_900_000_000_000

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
anything = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner), max_leaves=8
)
SHAPES: dict[str, dict[str, Any]] = {
    "xapi": {
        "id": anything,
        "actor": anything | st.fixed_dictionaries({}, optional=dict.fromkeys(("account", "mbox", "member"), anything)),
        "verb": st.fixed_dictionaries({"id": anything | st.sampled_from([f"http://x.example/{v}" for v in VERBS])}),
        "object": anything | st.fixed_dictionaries({"id": st.text()}, optional={"definition": anything}),
        "result": anything | st.fixed_dictionaries({"score": anything, "extensions": anything}),
        "context": anything | st.fixed_dictionaries({"contextActivities": anything, "extensions": anything}),
        "timestamp": anything,
    },
    "caliper": {
        "id": anything,
        "type": anything | st.sampled_from(sorted(CALIPER_NAMES)),
        "actor": anything | st.just("https://x.example/users/7"),
        "action": anything | st.sampled_from(sorted({a for names in CALIPER_NAMES.values() for a in names})),
        "object": anything,
        "target": anything,
        "generated": anything,
        "eventTime": anything,
        "membership": anything | st.fixed_dictionaries({"roles": anything}),
        "extensions": anything,
    },
    "edx": {
        "event_type": anything | st.sampled_from(sorted([*ACTIONS, *MADE, "/courses/a/b/c/courseware/d/e/"])),
        "event_source": anything | st.sampled_from(["server", "browser"]),
        "context": anything | st.fixed_dictionaries({"user_id": anything, "course_id": anything, "module": anything}),
        "event": anything | st.fixed_dictionaries({"grade": anything, "max_grade": anything, "id": anything}),
        "time": anything,
        "page": anything,
    },
}


def judged(events: list[Event]) -> list[str]:
    """Returns why events are rejected; nothing where all are accepted."""
    why = []
    for event in events:
        value = json.dumps(event, default=str).encode("utf-8", "surrogatepass")
        batch = Records(topic_of(event), 0, [0], [NOW_MS], [None], [value])
        why += [f"{reject.reason}: {reject.detail}" for reject in decode_full(batch).rejects]
    return why


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_in_the_docstrings_run(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0


@pytest.mark.parametrize("name", ADAPTERS)
@given(data=st.data())
def test_whatever_comes_has_an_outcome(name: str, data: st.DataObject) -> None:
    adapter = ADAPTERS[name]  # type: ignore[index]
    document = data.draw(anything | st.fixed_dictionaries({}, optional=SHAPES[name]))
    for _path, part in adapter.parts(document):
        outcome = adapter.events(part)
        if isinstance(outcome, Refused):
            assert outcome.path or outcome.detail
        elif not isinstance(outcome, Skipped):
            assert all(event["event_id"] for event in outcome)
            assert adapter.events(part) == outcome


def test_the_page_of_formats_says_what_the_adapters_do() -> None:
    page = coverage.PAGE.read_text(encoding="utf-8")
    assert coverage.filled(page) == page, "run: python -m ingest.formats.coverage"


def test_a_name_is_in_one_table_of_open_edx() -> None:
    assert not ACTIONS.keys() & MADE.keys()
    assert not MADE.keys() & BROWSER_COPIES.keys()
