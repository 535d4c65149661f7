"""When the scanner is used, and that everything is read without it where it is not to be had."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from dataflows.events.coded import decode_coded
from dataflows.events.scanner import loading
from dataflows.events.scanner.proof import WrongError, prove
from tests.dataflows.events.batches import event, records

ROOT = Path(__file__).parents[4]
_READ = """
import sys
from dataflows.events.coded import decode_coded
from dataflows.events.scanner import loading
from tests.dataflows.events.batches import event, records
loading.prepare(wait=True)
print(loading.kernel() is None, decode_coded(records(event())).students)
"""


def run(*arguments: str, **environment: str) -> str:
    """Runs Python in a fresh process and returns what it says."""
    command = [sys.executable, "-c", *arguments]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True, timeout=300)
    return done.stdout + done.stderr


def test_where_numba_is_broken_one_line_says_so_and_events_are_read(tmp_path: Path) -> None:
    (tmp_path / "numba.py").write_text("raise ImportError('numba needs NumPy 2.5 or less')")
    said = run(_READ, PYTHONPATH=f"{tmp_path}:{ROOT}")
    assert said.count("events are decoded without the scanner") == 1
    assert "numba needs NumPy 2.5 or less" in said
    assert "True ['p1_ada']" in said


def test_a_processor_that_reads_wrongly_is_found_out(scanner: None) -> None:
    right = loading.kernel()
    assert right is not None

    def wrong(*arguments: Any) -> None:
        right.scan(*arguments)
        arguments[6][:] += 1  # the times

    loops = {name: getattr(right, name) for name in ("intern", "rank", "rehash", "spell_ids")}
    with pytest.raises(WrongError):
        prove(SimpleNamespace(scan=wrong, **loops))  # type: ignore[arg-type]


def test_until_it_is_at_hand_events_are_read_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "_kernel", None)
    assert decode_coded(records(event())).students == ["p1_ada"]


def test_where_nothing_can_be_written_the_code_of_the_image_is_copied_and_not_compiled_anew(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shipped = tmp_path / "image" / loading.code_folder(tmp_path / "image").name
    (shipped / "deep").mkdir()
    (shipped / "deep" / "scan.nbc").write_bytes(b"compiled")

    def refuse(**_where: Any) -> None:
        raise OSError

    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    copy = loading.code_folder(tmp_path / "image")
    assert copy != shipped
    assert (copy / "deep" / "scan.nbc").read_bytes() == b"compiled"


def test_code_that_was_compiled_is_loaded_and_not_compiled_again(scanner: None) -> None:
    kept = loading.code_folder()
    before = sorted(path.name for path in kept.rglob("*.nb?"))
    again = run(
        _READ.replace("loading.kernel() is None", "len(loading.kernel().scan.stats.cache_misses)"), PYTHONPATH=str(ROOT)
    )
    assert "0 ['p1_ada']" in again
    assert sorted(path.name for path in kept.rglob("*.nb?")) == before
