"""A worker that was frozen, replaced and woken writes nothing."""

from __future__ import annotations

import re
import shutil
import signal
from pathlib import Path

import pytest

from tests.e2e.harness import stack, wait_until
from tests.e2e.log import close, read_topic
from tests.e2e.school import MINUTE, log_of, publish
from tests.e2e.tables import assert_holds, everything
from tests.oracle.engagement import expect


@pytest.mark.parametrize("store", ["a copy of its recovery store", "its own recovery store"])
def test_a_frozen_worker_that_wakes_after_it_was_replaced_writes_nothing(
    kafka: str, timescale_url: str, topic_prefix: str, tmp_path: Path, store: str
) -> None:
    messages = log_of(students=30, minutes=40)
    half = len(messages) // 2
    with stack(kafka, timescale_url, topic_prefix, tmp_path, CLASSPULSE_SNAPSHOT_INTERVAL_S="5") as here:
        publish(kafka, here.topic(), messages[:half])
        frozen = here.start("run", "engagement", "archive")
        wait_until(lambda: here.offsets() == half and here.offsets("archive") == half, "the first half")
        frozen.send(signal.SIGSTOP)

        publish(kafka, here.topic(), messages[half:])
        close(kafka, here.topic(), messages[-1].arrives_ms + 65 * MINUTE)
        recovery = here.recovery
        if "copy" in store:
            recovery = tmp_path / "copied"
            shutil.copytree(here.recovery, recovery)
        here.catch_up(CLASSPULSE_RECOVERY_DIR=str(recovery))
        after_replacement = everything(here.database)

        frozen.send(signal.SIGCONT)
        code = frozen.wait(90)
        assert code != 0
        assert re.search("replaced|generation|claimed|taken over", frozen.output), frozen.output[-4000:]
        assert everything(here.database) == after_replacement
        assert_holds(here.database, expect(read_topic(kafka, here.topic())))
