"""Workers that die are named and started again; the other flows go on, unless a new start would mend nothing."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest
import structlog

from dataflows.cluster import supervisor
from dataflows.cluster.supervisor import Start, Supervisor
from dataflows.errors import Exit
from tests.waiting import until

# what a worker does: note its start, obey SIGTERM, and do what its flag says at its first start or at every one
WORKER = """
import os, pathlib, signal, sys, time
flow, flags = sys.argv[1], sys.argv[2:]
index = flags[flags.index("--process") + 1]
folder = pathlib.Path(flags[flags.index("--folder") + 1])
starts = folder / f"{flow}.{index}"
with starts.open("a") as file:
    file.write(f"{os.getpid()}\\n")
first = len(starts.read_text().split()) == 1
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
deed = next((flag for flag in flags if flag.startswith(f"{flow}.{index}=")), "=").partition("=")[2]
if deed.startswith("always"):
    sys.exit(int(deed[6:]))
if first and deed.startswith("first"):
    sys.exit(int(deed[5:]))
if deed == "done":
    sys.exit(0)
while True:
    time.sleep(0.02)
"""


@pytest.fixture
def flows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[Start]]:
    monkeypatch.setattr(supervisor, "BACKOFF_S", (0.05, 0.2))
    monkeypatch.setattr(supervisor, "PEERS_S", 0.3)

    def made(*deeds: str, flows: tuple[str, ...] = ("one", "two"), workers: int = 1) -> list[Start]:
        program = (sys.executable, "-c", WORKER)
        flags = ("--folder", str(tmp_path), *deeds)
        return [Start(flow, workers, flags, program=program) for flow in flows]

    return made


def pids(folder: Path, flow: str, worker: int = 0) -> list[int]:
    path = folder / f"{flow}.{worker}"
    return [int(line) for line in path.read_text().split()] if path.exists() else []


def lines(captured: Sequence[Mapping[str, object]], event: str, flow: str) -> list[Mapping[str, object]]:
    return [line for line in captured if line["event"] == event and line.get("flow") == flow]


def begin(starts: list[Start], **options: bool) -> tuple[Supervisor, list[int], threading.Thread]:
    """Runs a supervisor in a thread, where no signal handlers can be set: they are called by hand."""
    made, result = Supervisor(starts, **options), []
    thread = threading.Thread(target=lambda: result.append(made.run()))
    thread.start()
    return made, result, thread


@pytest.fixture(autouse=True)
def no_handlers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    structlog.reset_defaults()


def test_a_killed_worker_is_named_and_its_flow_alone_starts_again(
    flows: Callable[..., list[Start]], tmp_path: Path
) -> None:
    with structlog.testing.capture_logs() as said:
        made, result, thread = begin(flows(workers=2))
        until(lambda: all(pids(tmp_path, flow, worker) for flow in ("one", "two") for worker in (0, 1)))
        (victim,) = pids(tmp_path, "one", 1)
        os.kill(victim, signal.SIGKILL)
        # its peer, which waits for it without end, is ended too
        until(lambda: len(pids(tmp_path, "one", 0)) == 2 and len(pids(tmp_path, "one", 1)) == 2)
        made._on_signal(signal.SIGTERM, None)
        thread.join(90)
    assert result == [0]
    assert len(pids(tmp_path, "two", 0)) == len(pids(tmp_path, "two", 1)) == 1
    (died,) = lines(said, "worker died", "one")
    assert (died["worker"], died["pid"], died["how"]) == (1, victim, "killed by SIGKILL")
    assert [line["after"] for line in lines(said, "flow starts again", "one")] == ["killed by SIGKILL"]
    assert all("stopped" in str(line["how"]) for line in lines(said, "flow ended", "one"))
    assert len(lines(said, "flow started", "one")) == 2
    assert len(lines(said, "flow started", "two")) == 1


@pytest.mark.parametrize("code", [Exit.REFUSED, Exit.REPLACED])
def test_what_no_new_start_would_mend_ends_all_flows_with_its_code(
    flows: Callable[..., list[Start]], tmp_path: Path, code: Exit
) -> None:
    with structlog.testing.capture_logs() as said:
        _made, result, thread = begin(flows(f"one.0=always{code}"))
        thread.join(90)
    assert result == [code]
    assert len(pids(tmp_path, "one")) == 1
    assert not lines(said, "flow starts again", "one")
    assert any("one has failed" in str(line.get("why")) for line in said)


def test_who_fails_again_and_again_is_given_up_with_words(flows: Callable[..., list[Start]], tmp_path: Path) -> None:
    with structlog.testing.capture_logs() as said:
        _made, result, thread = begin(flows("one.0=always1"))
        thread.join(90)
    assert result == [1]
    assert len(pids(tmp_path, "one")) == supervisor.FAILURES
    assert lines(said, "flow given up", "one")


def test_what_is_unavailable_is_waited_for_without_end(flows: Callable[..., list[Start]], tmp_path: Path) -> None:
    made, result, thread = begin(flows(f"one.0=always{Exit.UNAVAILABLE}", flows=("one",)))
    until(lambda: len(pids(tmp_path, "one")) > 2 * supervisor.FAILURES)
    made._on_signal(signal.SIGINT, None)
    thread.join(90)
    assert result in ([0], [Exit.UNAVAILABLE])  # as it was between two attempts, or ending from one


def test_until_caught_up_a_failure_ends_the_whole(flows: Callable[..., list[Start]], tmp_path: Path) -> None:
    _made, result, thread = begin(flows("one.0=first1"), until_caught_up=True)
    thread.join(90)
    assert result == [1]
    assert len(pids(tmp_path, "one")) == 1


def test_flows_that_end_well_end_the_command_well_and_say_so(flows: Callable[..., list[Start]]) -> None:
    with structlog.testing.capture_logs() as said:
        _made, result, thread = begin(flows("one.0=done", "two.0=done"), until_caught_up=True)
        thread.join(90)
    assert result == [0]
    assert "caught up" in str(lines(said, "flow ended", "two")[0]["how"])


def test_a_signal_before_all_flows_are_started_ends_all_of_them(flows: Callable[..., list[Start]]) -> None:
    made = Supervisor(flows())
    made._on_signal(signal.SIGTERM, None)
    assert not made.run()
    assert made.was_stopped
