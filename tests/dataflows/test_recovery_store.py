"""The recovery store is there as a whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest
from bytewax.recovery import init_db_dir

from dataflows import worker
from dataflows.claim import RefusedError
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
