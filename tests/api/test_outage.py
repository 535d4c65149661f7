"""Kafka goes while events come in, the gateway is killed meanwhile: acknowledged is stored is counted, to the id."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import psycopg
import pytest

from dataflows.kafka.topics import create_or_check
from dataflows.settings import Settings
from local.kafka import Kafka
from local.managed_server import PartMissingError
from tests.api.client import Served
from tests.api.senders import Senders
from tests.cli.running import run, topic_records
from tests.parts import require
from tests.waiting import until


def spooled(gateway: Served) -> int:
    """How many events are on the spool."""
    found = re.search(rb"^gateway_spool_events (\S+)$", gateway.get("/metrics").body, re.MULTILINE)
    assert found
    return int(float(found[1]))


def outage(database: str, folder: Path, *, senders: int, batch: int, pause_s: float, each_s: float) -> None:
    """Plays an outage of which each part lasts `each_s`, and checks what became of every event."""
    kafka = Kafka(folder / "kafka")
    try:
        kafka.start()
    except PartMissingError as error:
        require("kafka", available=False, reason=str(error))
    gateway = Served(kafka.bootstrap, database, folder)
    try:
        create_or_check(Settings(kafka_bootstrap_servers=kafka.bootstrap))
        gateway.start()
        sending = Senders(gateway, senders, batch, pause_s)
        until(lambda: sending.count("ok") > 100)
        kafka._end(kafka.abandon_signal)
        until(lambda: sending.count("spooled") > 100)
        time.sleep(each_s)
        gateway.kill()
        before = sending.count("spooled")
        gateway.start()
        until(lambda: sending.count("spooled") > before + 100)
        time.sleep(each_s)
        kafka.start()
        until(lambda: spooled(gateway) == 0, 120)
        after = sending.count("ok")
        until(lambda: sending.count("ok") > after + 100)
        sending.stop()
        gateway.stop()
        assert sending.problems == []
        check(kafka.bootstrap, database, sending)
    finally:
        if gateway.process.poll() is None:
            gateway.kill()
        kafka.destroy()


def check(kafka: str, database: str, sending: Senders) -> None:
    """Every acknowledged event is in the log, in its student's order, and is counted once."""
    order: dict[str, int] = {}
    for record in topic_records(kafka, "clickstream_events"):
        if record.value() is not None:
            order.setdefault(json.loads(record.value() or b"")["event_id"], len(order))
    for sender in sending.all:
        assert [event for event in sender.acknowledged if event not in order] == []
        places = [order[event] for event in sender.acknowledged]
        assert places == sorted(places), f"{sender.student}: out of order"
    environment = {"DATABASE_URL": database, "CLASSPULSE_RECOVERY_DIR": f"/tmp/{time.time_ns()}"}
    counted = run("run", "archive", "--until-caught-up", servers=kafka, **environment)
    assert counted.returncode == 0, counted.stderr
    with psycopg.connect(database) as connection:
        rows = connection.execute("SELECT event_id, count(*) FROM events GROUP BY 1").fetchall()
    acknowledged = {event for sender in sending.all for event in sender.acknowledged}
    assert acknowledged <= {str(row[0]) for row in rows}
    assert {row[1] for row in rows} == {1}


@pytest.mark.long
def test_what_was_acknowledged_is_stored_in_order_and_counted_once(migrated_postgres: str, tmp_path: Path) -> None:
    outage(migrated_postgres, tmp_path, senders=4, batch=5, pause_s=0.1, each_s=0.2)


@pytest.mark.soak
def test_two_minutes_at_two_thousand_a_second(migrated_postgres: str, tmp_path: Path) -> None:
    outage(migrated_postgres, tmp_path, senders=20, batch=50, pause_s=0.5, each_s=60)
