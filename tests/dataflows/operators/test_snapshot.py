"""A snapshot gives back what it was made of, and calls nothing."""

from __future__ import annotations

import os
import pickle
from datetime import date
from typing import Any

import numpy as np
import polars as pl
import pytest

from dataflows.events.rejects import Reject
from dataflows.operators import snapshot

FRAME = pl.DataFrame(
    {"at": [1_772_409_600_000], "day": [date(2026, 3, 2)], "n": [1], "text": ["ä"], "x": [None], "ok": [True]},
    schema_overrides={"at": pl.Datetime("ms"), "x": pl.Float64},
)


def test_arrays_frames_containers_and_our_own_types_come_back_as_they_were() -> None:
    state: dict[str, Any] = {
        "ints": np.arange(5),
        "ids": np.array([2**64 - 1], np.uint64),
        "none": np.empty((0, 3), np.int64),
        "one": np.float64(0.5),
        "frame": FRAME,
        "plain": [("a", 1, None), {2: {"b"}}],
        "reject": Reject("not_json", "", "t", 0, 1, 2, b"x"),
    }
    back = snapshot.loads(snapshot.dumps(state))
    for name in ("ints", "ids", "none"):
        assert np.array_equal(back[name], state[name])
        assert back[name].dtype == state[name].dtype
    assert back["frame"].equals(FRAME)
    assert back["frame"].schema == FRAME.schema
    assert (back["one"], back["plain"], back["reject"]) == (state["one"], state["plain"], state["reject"])


class _Evil:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("true",)


def test_a_snapshot_that_would_call_something_is_refused() -> None:
    with pytest.raises(pickle.UnpicklingError, match="no state holds"):
        snapshot.loads(pickle.dumps({"state": _Evil()}))
    with pytest.raises(pickle.UnpicklingError, match="no state holds"):
        snapshot.loads(b"cdataflows.not_there\nThing\n.")
    with pytest.raises(pickle.UnpicklingError, match="no state holds"):
        snapshot.loads(b"cdataflows.kafka.topics\nadmin_client\n(S'true'\ntR.")
