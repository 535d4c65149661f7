"""One registry names the flows; whatever lists them agrees with it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from cli import run
from cli.rebuild import FLOWS as REBUILT
from dataflows import flows
from dataflows.rebuild import nightly
from dataflows.settings import Settings
from dataflows.sink.tables import TABLES

ROOT = Path(__file__).parents[2]
EVERY = pytest.mark.parametrize("flow", flows.FLOWS, ids=lambda flow: flow.name)


@EVERY
def test_a_registered_flow_is_what_it_says(flow: flows.Flow) -> None:
    found, settings = flow.load(), Settings(_env_file=None)
    steps = list(found.steps(settings))
    assert all(re.fullmatch(r"[a-z_]+", step) for step in steps)
    assert steps[0] == "consent", "whoever has withdrawn consent, or was erased, counts in no flow"
    tables = flow.tables or tuple(table.name for table in found.tables)
    assert set(tables) <= TABLES.keys()
    past = flow.load_past()
    assert past is None or set(past.tables) <= set(tables)
    assert (past is None and flow.rebuild is None) != flow.can_be_rebuilt
    assert settings.commit_interval_of(flow.name) > 0


def test_no_two_flows_write_one_table() -> None:
    tables = [table for flow in flows.FLOWS for table in (flow.tables or [t.name for t in flow.load().tables])]
    assert len(tables) == len(set(tables))


def test_the_commands_take_their_flows_from_the_registry() -> None:
    assert flows.names() == run.FLOWS
    assert set(REBUILT) == {"engagement", "content", "memory", "stuck"} | {f.name for f in flows.FLOWS if f.is_declared}
    assert set(nightly.FLOWS) == {"engagement", "content"}


def test_helm_runs_every_flow() -> None:
    values = yaml.safe_load((ROOT / "helm/classpulse/values.yaml").read_text())
    assert set(values["dataflows"]) == set(flows.names())


def test_no_other_list_of_flows_is_in_the_code() -> None:
    """Three of the names in one line is a list of flows; rules and boards may speak of one or two."""
    names = re.compile(r"""["'](engagement|archive|memory|content)["']""")
    lists = [
        f"{path.relative_to(ROOT)}:{number}"
        for folder in ("dataflows", "cli", "bench", "alerting", "db")
        for path in (ROOT / folder).rglob("*.py")
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if len(set(names.findall(line))) > 2
    ]
    assert lists == []


def test_the_names_cost_no_import_of_a_flow() -> None:
    code = "import sys, dataflows.flows; sys.exit(bool({'polars', 'bytewax', 'numpy', 'psycopg'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_a_flow_that_is_not_registered_is_not_found() -> None:
    with pytest.raises(KeyError):
        flows.named("nothing")
