"""On a real cluster a task's batches stay in the process that read them, and tasks are evenly dealt."""

from __future__ import annotations

from pathlib import Path

from tests.e2e.harness import stack
from tests.e2e.school import log_of, publish

PARTITIONS, PROCESSES = 12, 3


def test_with_three_processes_no_batch_changes_process_and_partitions_are_evenly_dealt(
    kafka: str, timescale_url: str, topic_prefix: str, tmp_path: Path
) -> None:
    trace = tmp_path / "trace"
    settings = {
        "CLASSPULSE_PARTITIONS": str(PARTITIONS),
        "CLASSPULSE_BATCH_RECORDS": "100",
        "CLASSPULSE_TRACE_BATCHES": str(trace),
    }
    with stack(kafka, timescale_url, topic_prefix, tmp_path, **settings) as here:
        publish(kafka, here.topic(), log_of(students=80, minutes=40))
        here.catch_up("engagement", workers=PROCESSES)
    homes: dict[str, dict[int, set[int]]] = {"source": {}, "gather": {}}
    for line in trace.read_text().splitlines():
        step, task, pid = line.split()
        homes[step].setdefault(int(task), set()).add(int(pid))
    assert set(homes["source"]) == set(range(PARTITIONS))
    assert homes["source"] == homes["gather"], "a batch was gathered elsewhere than it was read"
    assert all(len(pids) == 1 for pids in homes["source"].values())
    dealt = [sum(pid in pids for pids in homes["source"].values()) for pid in set().union(*homes["source"].values())]
    assert dealt == [PARTITIONS // PROCESSES] * PROCESSES
