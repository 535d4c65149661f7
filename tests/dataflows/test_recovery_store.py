"""The recovery store is there as a whole or not at all."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import bytewax.operators as op
import pytest
from bytewax.dataflow import Dataflow
from bytewax.recovery import RecoveryConfig, init_db_dir
from bytewax.testing import TestingSink, TestingSource, run_main

from dataflows import worker
from dataflows.claim import RefusedError
from dataflows.operators.shell import stateful
from dataflows.settings import Settings


def parts(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


@pytest.mark.parametrize("left", [0, 1, 4])
def test_a_store_whose_maker_was_killed_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, left: int
) -> None:
    settings = Settings(recovery_dir=tmp_path, _env_file=None)

    class KilledError(BaseException): ...

    def killed(folder: Path, count: int) -> None:
        init_db_dir(folder, left)
        raise KilledError

    monkeypatch.setattr(worker, "init_db_dir", killed)
    with pytest.raises(KilledError):
        worker.recovery_store(settings, "engagement")
    monkeypatch.setattr(worker, "init_db_dir", init_db_dir)
    whole = parts(worker.recovery_store(settings, "engagement"))
    assert len(whole) == worker.RECOVERY_PARTITIONS
    assert parts(worker.recovery_store(settings, "engagement")) == whole


def test_a_store_that_lost_a_part_is_refused_with_words(tmp_path: Path) -> None:
    settings = Settings(recovery_dir=tmp_path, _env_file=None)
    store = worker.recovery_store(settings, "engagement")
    (store / parts(store)[1]).unlink()
    with pytest.raises(RefusedError, match="3 of its 4 parts: delete it.*classpulse rebuild engagement"):
        worker.recovery_store(settings, "engagement")


def test_a_store_from_before_a_step_was_added_goes_on(tmp_path: Path) -> None:
    """The step `consent` came with a later version: the others find their states, and it starts with everybody's."""

    class Adds:
        def __init__(self) -> None:
            self.sum = 0

        def process(self, batch: Numbers) -> Numbers:
            self.sum += batch.number
            return Numbers(batch.number, [*batch.sums, self.sum])

        def state(self) -> int:
            return self.sum

        def restore(self, state: int) -> None:
            self.sum = state

    @dataclass
    class Numbers:
        number: int
        sums: list[int] = field(default_factory=list)
        task: int = 0
        seed: dict[str, bytes] = field(default_factory=dict)

    init_db_dir(tmp_path, 1)
    source: list[Any] = [Numbers(1), Numbers(2), TestingSource.EOF(), Numbers(4)]

    def run(*steps: str) -> list[list[int]]:
        out: list[tuple[str, Numbers]] = []
        dataflow = Dataflow("sums")
        stream = op.key_on("key", op.input("source", dataflow, TestingSource(source)), lambda _: "0")
        for step in steps:
            stream = stateful(step, stream, lambda _task: Adds(), lambda batch: batch)
        op.output("out", stream, TestingSink(out))
        run_main(dataflow, epoch_interval=timedelta(0), recovery_config=RecoveryConfig(tmp_path))
        return [one.sums for _key, one in out]

    assert run("watermark") == [[1], [3]]
    assert run("consent", "watermark") == [[4, 7]]
