from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from jsonschema import Draft202012Validator
from typer.testing import CliRunner

from cli.main import app
from dataflows.events import schema
from dataflows.events.full import decode_full
from tests.dataflows.events.batches import event, records
from tests.dataflows.events.generated import odd_events, plain_events
from tests.dataflows.events.requirement_events import EVENTS

_BY_TOPIC = {schema.topic_of(name): name for name in schema.NAMES} | {"lms_clickstream": "clickstream_event"}


@pytest.mark.parametrize("name", schema.NAMES)
def test_the_published_files_are_what_the_code_generates(name: str) -> None:
    published = (schema.FOLDER / f"{name}.json").read_text(encoding="utf-8")
    assert published == schema.text_of(name), "run: python -m dataflows.events.schema"


def test_no_other_schema_is_published() -> None:
    assert {path.stem for path in schema.FOLDER.glob("*.json")} == set(schema.NAMES)


@pytest.mark.parametrize("name", schema.NAMES)
def test_each_schema_is_valid_draft_2020_12(name: str) -> None:
    Draft202012Validator.check_schema(schema.schema_of(name))


@pytest.mark.parametrize(("name", "topic", "document", "columns"), EVENTS, ids=[name for name, *_ in EVENTS])
def test_each_event_of_the_requirement_documents_fits_its_schema(
    name: str, topic: str, document: dict[str, Any], columns: dict[str, Any]
) -> None:
    Draft202012Validator(schema.schema_of(_BY_TOPIC[topic])).validate(document)


@pytest.mark.parametrize(
    "document",
    [
        event(student_id=...),
        event(student_id=""),
        event(event_name=...),
        event(timestamp=...),
        event(timestamp="2025-01-26T10:30:00"),
        event(timestamp=1_760_000_000),
        event(event_id="17"),
        event(class_id=["7B"]),
        event(metadata="text"),
        event(student_id=" \ufeff"),
        event(metadata={"score": "a lot"}),
        event(score=[85]),
        event(context={"video_id": "x" * 257}),
    ],
)
def test_an_event_that_is_rejected_does_not_fit_the_schema(document: dict[str, Any]) -> None:
    assert decode_full(records(document)).frame.is_empty()
    assert not Draft202012Validator(schema.schema_of("clickstream_event")).is_valid(document)


@pytest.mark.parametrize("name", schema.NAMES)
@pytest.mark.parametrize("field", ["event_name", "event_type"])
def test_a_consent_fits_the_schema_of_every_topic_as_every_topic_takes_it(name: str, field: str) -> None:
    shape = Draft202012Validator(schema.schema_of(name))
    consent = {"student_id": "ann", field: "consent_withdrawn", "timestamp": 1_760_000_000_000}
    for document, fits in ((consent, True), ({k: v for k, v in consent.items() if k != "timestamp"}, False)):
        assert shape.is_valid(document) is fits
        assert decode_full(records(document, topic=schema.topic_of(name))).frame.is_empty() is not fits


_CLICKSTREAM = Draft202012Validator(schema.schema_of("clickstream_event"))


@settings(max_examples=300, deadline=None)
@given(plain_events | odd_events())
def test_an_event_that_fits_the_schema_has_no_missing_field_and_no_bad_type(document: dict[str, Any]) -> None:
    if _CLICKSTREAM.is_valid(document):
        assert {reject.reason for reject in decode_full(records(document)).rejects} <= {"bad_timestamp", "future"}


def test_the_command_lists_the_events() -> None:
    result = CliRunner().invoke(app, ["schema"])
    assert result.exit_code == 0
    assert [line.split()[0] for line in result.output.splitlines()] == list(schema.NAMES)


def test_the_command_prints_one_schema() -> None:
    result = CliRunner().invoke(app, ["schema", "clickstream_event"])
    assert json.loads(result.output) == schema.schema_of("clickstream_event")


def test_the_command_names_the_known_events_when_asked_for_another() -> None:
    result = CliRunner().invoke(app, ["schema", "grades"])
    assert result.exit_code == 2
    assert "clickstream_event" in result.output
