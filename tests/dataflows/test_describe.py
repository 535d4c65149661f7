"""`classpulse flows describe`: a flow drawn from what it is made of."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from cli.main import app
from dataflows import flows
from dataflows.settings import Settings


@pytest.mark.parametrize("flow", flows.FLOWS, ids=lambda flow: flow.name)
def test_every_flow_is_drawn_with_its_topics_steps_and_tables(flow: flows.Flow) -> None:
    drawn = CliRunner().invoke(app, ["flows", "describe", flow.name])
    assert drawn.exit_code == 0
    found = flow.load()
    tables = flow.tables or tuple(table.name for table in found.tables)
    positions = [
        drawn.output.index(f"  {found.TOPICS[0]}\n"),
        *(drawn.output.index(f"▼ {step} ") for step in ("source", "decode", *found.steps(Settings()), "sink")),
        *(drawn.output.index(f"─ {table} (") for table in tables),
    ]
    assert positions == sorted(positions)


def test_as_json_it_is_one_object() -> None:
    said = json.loads(CliRunner().invoke(app, ["flows", "describe", "archive", "--json"]).output)
    assert [table["name"] for table in said["tables"]] == ["events", "dead_letters", "enrolments", "course_activity"]
    assert said["tables"][0]["how"] == "facts, written once"


def test_a_flow_that_there_is_not_is_refused_with_those_there_are() -> None:
    said = CliRunner().invoke(app, ["flows", "describe", "clicks"])
    assert said.exit_code == 2
    assert "engagement" in said.output
