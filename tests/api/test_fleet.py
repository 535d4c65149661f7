"""Several gateways: one ticks, another takes over, and none passes what a dead one has acknowledged and not sent."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import psycopg
import pytest

from dataflows.kafka.ticks import tick_of
from dataflows.kafka.topics import CLICKSTREAM, create_or_check
from dataflows.settings import Settings
from tests.api.client import Served
from tests.api.conftest import NOBODY
from tests.api.test_track import event
from tests.cli.running import run, topic_records
from tests.waiting import until

PREFIX = "fleet."


def last_tick(kafka: str) -> int:
    """Returns the latest tick of the clickstream, epoch milliseconds; 0 where there is none."""
    return max((tick_of(r) or 0 for r in topic_records(kafka, PREFIX + CLICKSTREAM)), default=0)


def elected(owner: psycopg.Connection[Any]) -> str:
    return str((owner.execute("SELECT instance FROM gateway_ticker").fetchone() or ("",))[0])


@pytest.mark.long
def test_a_dead_gateway_holds_the_ticks_at_what_it_has_not_sent_until_it_is_released(
    kafka: str, migrated_postgres: str, tmp_path: Path
) -> None:
    create_or_check(Settings(kafka_bootstrap_servers=kafka, topic_prefix=PREFIX))
    rules = {"CLASSPULSE_TOPIC_PREFIX": PREFIX, "CLASSPULSE_API_OPEN": "always", "CLASSPULSE_API_ACK_S": "1"}
    cut_off = Served(NOBODY, migrated_postgres, tmp_path / "cut", **rules).start()  # it does not reach Kafka
    others: list[Served] = []
    with psycopg.connect(migrated_postgres, autocommit=True) as owner:
        try:
            happened = int(time.time() * 1000) - 5000
            until(lambda: elected(owner) != "", 30)
            assert cut_off.send(event(timestamp=happened)).statuses == ["spooled"]
            held = "SELECT count(*) FROM gateway_instances WHERE oldest_at IS NOT NULL AND spooled = 1"
            until(lambda: owner.execute(held).fetchone() == (1,), 30)
            dead = elected(owner)
            cut_off.kill()
            others = [Served(kafka, migrated_postgres, tmp_path / name, **rules).start() for name in ("a", "b")]
            until(lambda: elected(owner) not in {"", dead}, 30)
            until(lambda: last_tick(kafka) > 0, 30)
            # Others' events come and are counted by the clock; the ticks stay where the dead one's event is.
            assert [other.send(event()).statuses for other in others] == [["ok"], ["ok"]]
            ticks = len(topic_records(kafka, PREFIX + CLICKSTREAM))
            until(lambda: len(topic_records(kafka, PREFIX + CLICKSTREAM)) >= ticks + 8, 30)
            assert last_tick(kafka) == happened
            first = elected(owner)
            done = run("tick", "--release", "nobody", servers=kafka, DATABASE_URL=migrated_postgres)
            assert done.returncode != 0 and dead in done.stderr
            done = run("tick", "--release", dead, servers=kafka, DATABASE_URL=migrated_postgres)
            assert (done.returncode, done.stderr) == (0, "")
            until(lambda: last_tick(kafka) > happened + 5000, 30)
            # The one that ticks goes without a word: another goes on.
            names = [(tmp_path / name / "spool" / "instance").read_text().strip() for name in "ab"]
            ticking = others[names.index(first)]
            ticking.kill()
            seen = last_tick(kafka)
            until(lambda: elected(owner) not in {"", first}, 30)
            until(lambda: last_tick(kafka) > seen, 30)
        finally:
            for gateway in (cut_off, *others):
                if gateway.process.poll() is None:
                    gateway.kill()
