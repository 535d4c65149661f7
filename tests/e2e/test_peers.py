"""A cluster of several processes: why it ended is said in words, by whoever knows."""

from __future__ import annotations

from pathlib import Path

import psutil

from tests.e2e.harness import Stack, Worker, stack, wait_until
from tests.e2e.school import log_of, publish


def processes(run: Worker) -> list[psutil.Process]:
    return psutil.Process(run.process.pid).children()


def begun(here: Stack) -> Worker:
    """Starts a cluster of two, and returns once it has written."""
    messages = log_of(students=8, minutes=10)
    publish(here.kafka, here.topic(), messages)
    run = here.start("run", "engagement", "--workers", "2")
    here.wait_for_offset(len(messages))
    return run


def test_a_worker_whose_peer_is_killed_ends_with_words_and_both_start_again(
    kafka: str, postgres_url: str, topic_prefix: str, tmp_path: Path
) -> None:
    with stack(kafka, postgres_url, topic_prefix, tmp_path) as here:
        run = begun(here)
        first = processes(run)
        first[1].kill()
        wait_until(lambda: "flow starts again" in run.output, "a new start")
        assert "another worker of this cluster has ended or was killed: this one ends too" in run.output
        assert f"killed by SIGKILL' pid={first[1].pid}" in run.output
        wait_until(lambda: len(processes(run)) == 2 and not {*processes(run)} & {*first}, "two new workers")
        assert run.terminate() == 0


def test_workers_end_when_the_command_that_started_them_is_killed(
    kafka: str, postgres_url: str, topic_prefix: str, tmp_path: Path
) -> None:
    with stack(kafka, postgres_url, topic_prefix, tmp_path) as here:
        run = begun(here)
        workers = processes(run)
        assert len(workers) == 2
        run.process.kill()
        wait_until(lambda: not [w for w in workers if w.is_running() and w.status() != "zombie"], "the workers' end")
