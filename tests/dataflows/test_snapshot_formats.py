"""A change of what snapshots hold comes with a new version, so that an old recovery store is refused and not misread.

After a change raise SNAPSHOT_VERSION in dataflows/claim.py (READABLE_VERSIONS keeps those that are converted where they
are restored, each by a test) and run `python -m tests.dataflows.test_snapshot_formats`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from dataflows.archive import flow as archive
from dataflows.claim import SNAPSHOT_VERSION
from dataflows.content import flow as content
from dataflows.engagement import flow as engagement
from dataflows.memory import flow as memory
from dataflows.settings import Settings
from dataflows.stuck import flow as stuck

KEPT = Path(__file__).with_name("snapshot_formats.json")


def described(state: Any) -> Any:
    """Returns the form of a state: names, types, dimensions and how wide rows are, no values."""
    if isinstance(state, np.ndarray):
        return f"{state.dtype}{['*', *state.shape[1:]]}"
    if isinstance(state, pl.DataFrame):
        return {name: str(kind) for name, kind in state.schema.items()}
    if isinstance(state, dict) and all(isinstance(key, str) for key in state):
        return {key: described(value) for key, value in sorted(state.items())}
    if isinstance(state, tuple):
        return [described(part) for part in state]
    return type(state).__name__


def formats() -> dict[str, Any]:
    """Returns the forms of all flows' states, by flow and step."""
    settings = Settings(_env_file=None)
    flows: dict[str, Any] = {}
    modules = {"archive": archive, "content": content, "engagement": engagement, "memory": memory, "stuck": stuck}
    for name, flow in modules.items():
        flows[name] = {step: described(make(0).state()) for step, make in flow.steps(settings).items()}
    return {"version": SNAPSHOT_VERSION, "flows": flows}


def test_what_snapshots_hold_changes_only_with_their_version() -> None:
    kept, now = json.loads(KEPT.read_text()), json.loads(json.dumps(formats()))
    assert kept == now, __doc__


if __name__ == "__main__":
    KEPT.write_text(json.dumps(formats(), indent=1) + "\n")
