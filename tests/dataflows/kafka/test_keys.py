"""Task keys go to the worker that reads the task's partition."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from dataflows.kafka.keys import EVEN_MODULUS, partition_of, routing_hash, siphash13, task_key, task_of
from tests.dataflows.kafka.test_producer import java_murmur2

WORKERS = [count for count in range(1, EVEN_MODULUS + 1) if EVEN_MODULUS % count == 0]

PYTHONS_OWN = """
import json, sys
assert sys.hash_info.algorithm == "siphash13", sys.hash_info.algorithm
print(json.dumps([hash(bytes(range(length))) % 2**64 for length in range(1, 70)]))
"""


def test_the_hash_is_that_of_rusts_default_hasher() -> None:
    assert siphash13(b"") == 15130871412783076140  # DefaultHasher::new().finish()
    assert routing_hash("") == 3476900567878811119  # of "" as a str: the byte 0xff ends it


def test_the_hash_is_siphash_1_3_as_python_has_it_under_a_zero_key() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PYTHONS_OWN], env={"PYTHONHASHSEED": "0"}, capture_output=True, text=True, check=True
    )
    assert [siphash13(bytes(range(length))) for length in range(1, 70)] == json.loads(done.stdout)


def test_keys_are_known() -> None:
    assert task_key(7) == "007/785"
    assert [task_of(name) for name in ("007/785", "007", "119/3")] == [7, 7, 119]


@pytest.mark.parametrize("workers", WORKERS)
def test_every_task_is_at_home_where_the_workers_divide_960(workers: int) -> None:
    # Bytewax deals partition i of the sorted names to worker i mod W, and a key to worker hash mod W
    names = sorted(f"{task:03d}" for task in range(48))
    homes = {task_of(name): i % workers for i, name in enumerate(names)}
    assert {task: routing_hash(task_key(task)) % workers for task in homes} == homes


def test_a_key_lies_in_the_partition_that_java_chooses() -> None:
    for key in (b"", b"a", b"ab", b"abc", b"user123", "schüler-7".encode(), bytes(range(256))):
        assert partition_of(key, 48) == (java_murmur2(key) & 0x7FFFFFFF) % 48
