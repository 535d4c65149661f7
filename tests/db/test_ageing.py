"""What is old goes, by when it came and not by when it happened; a replayed log survives the night."""

from __future__ import annotations

from typing import Any

import psycopg

from dataflows.settings import Settings
from db.ageing import TIMES, age
from db.migrate import migrate
from tests.db.conftest import NOW, Database, ago

OLD = ago(days=2000)


def reject(at: Any, offset: int) -> dict[str, Any]:
    return {"received_at": at, "topic": "t", "partition": 0, "kafka_offset": offset, "reason": "not_json"}


def night(url: str, settings: Settings, *, dry_run: bool = False) -> dict[str, int]:
    with psycopg.connect(url, autocommit=True) as connection:
        return dict(age(connection, settings, dry_run=dry_run))


def test_on_plain_postgresql_a_night_deletes_days_that_were_kept_for_long_enough(postgres_url: str) -> None:
    settings = Settings(_env_file=None)
    migrate(postgres_url, settings=settings)
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        for nth, at in enumerate((OLD, OLD, ago(days=1), NOW)):
            row = reject(at, nth)
            connection.execute(
                "INSERT INTO dead_letters (received_at, topic, partition, kafka_offset, reason)"
                " VALUES (%(received_at)s, %(topic)s, %(partition)s, %(kafka_offset)s, %(reason)s)",
                row,
            )
        assert night(postgres_url, settings) == {}  # they came today, however old they are
        connection.execute("UPDATE days_seen SET seen_at = now() - interval '91 days' WHERE day < %s", (ago(days=100),))
        assert night(postgres_url, settings, dry_run=True) == {"dead_letters": 2}
        assert night(postgres_url, settings) == {"dead_letters": 2}
        left = connection.execute("SELECT kafka_offset FROM dead_letters ORDER BY 1").fetchall()
        assert left == [(2,), (3,)]
        assert night(postgres_url, settings) == {}


def test_on_timescaledb_policies_keep_chunks_for_as_long_as_the_settings_say(timescale: Database) -> None:
    assert night(timescale.url, Settings(_env_file=None)) == {}
    query = (
        "SELECT hypertable_name, (config ->> 'drop_created_before')::interval = make_interval(days => %s)"
        " FROM timescaledb_information.jobs WHERE proc_name = 'policy_retention' AND hypertable_name = %s"
    )
    for table in TIMES:
        days = getattr(Settings(_env_file=None), f"keep_{table}_days")
        assert timescale.values(query, days, table) == [(table, True)], table
    migrate(timescale.url, settings=Settings(keep_dead_letters_days=7, _env_file=None))
    assert timescale.values(query, 7, "dead_letters") == [("dead_letters", True)]


def test_on_timescaledb_chunks_that_are_old_enough_go_and_a_replayed_one_stays(timescale: Database) -> None:
    timescale.put("dead_letters", reject(OLD, 0))
    timescale.put("dead_letters", reject(NOW, 1))
    job = timescale.value(
        "SELECT job_id FROM timescaledb_information.jobs"
        " WHERE proc_name = 'policy_retention' AND hypertable_name = 'dead_letters'"
    )
    timescale.connection.execute(f"CALL run_job({job})")
    assert timescale.value("SELECT count(*) FROM dead_letters") == 2
    timescale.connection.execute(
        "UPDATE _timescaledb_catalog.chunk SET creation_time = now() - interval '91 days' WHERE id ="
        " (SELECT min(id) FROM _timescaledb_catalog.chunk WHERE table_name LIKE '%chunk' AND hypertable_id ="
        "  (SELECT id FROM _timescaledb_catalog.hypertable WHERE table_name = 'dead_letters'))"
    )
    timescale.connection.execute(f"CALL run_job({job})")
    assert timescale.values("SELECT kafka_offset FROM dead_letters") == [(1,)]
