"""What a backtest needs of the database that it reads: to read some tables, and nothing else."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import sql

from alerting.backtest.archive import Archive
from alerting.backtest.source import ALWAYS, NothingStoredError, RightsError, clock_of, opened, span_of
from local.postgres import Postgres
from tests.alerting.backtest.lesson_log import SETTINGS, at, clicks, store, times, tried
from tests.databases import new_database

READS = {"activity_windows"}


@pytest.fixture
def school(postgres_url: str) -> str:
    """A class that worked until 10:10:30."""
    store(postgres_url, [click for n in range(10) for click in clicks(f"gone-{n}", "10:00:30", "10:10:30")])
    return postgres_url


@pytest.fixture
def reader(school: str) -> Iterator[str]:
    """The same database as a login that may do nothing but connect."""
    name, password = f"reader_{secrets.token_hex(4)}", secrets.token_hex(8)
    with psycopg.connect(school, autocommit=True) as owner:
        owner.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(sql.Identifier(name), sql.Literal(password)))
        place = urlsplit(school)
        yield place._replace(netloc=f"{name}:{password}@{place.hostname}:{place.port}").geturl()
        owner.execute(sql.SQL("DROP OWNED BY {0}; DROP ROLE {0}").format(sql.Identifier(name)))


def test_select_on_the_tables_that_are_named_suffices(school: str, reader: str, postgres_server: Postgres) -> None:
    name = urlsplit(reader).username
    with pytest.raises(RightsError, match=f"GRANT SELECT ON .* TO {name}") as refused, opened(reader, READS):
        pass
    with psycopg.connect(school, autocommit=True) as owner:
        owner.execute(str(refused.value).partition(": ")[2].encode())
    with new_database(postgres_server) as scratch:
        found = tried(reader, scratch, ["idle_share"], "09:55", "11:00")
    assert times(found["idle_share"].calls) == {"gone": [("10:21", "10:46")]}


def test_the_connection_refuses_to_write(school: str) -> None:
    with opened(school, set()) as connection, pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        connection.execute("DELETE FROM events")


def test_the_span_is_cut_to_what_is_stored(school: str) -> None:
    topics = [SETTINGS.topic("clickstream_events")]
    with opened(school, set()) as connection:
        span, whole = span_of(connection, topics, at("08:00"), at("10:30"), "wall")
        assert (f"{span.since:%H:%M:%S} {span.until:%H:%M}", whole) == ("10:00:30 10:30", False)
        span, whole = span_of(connection, topics, None, None, "wall")
        # ticks tell up to when nothing came
        assert (f"{span.since:%H:%M:%S} {span.until:%H:%M}", whole) == ("10:00:30 20:00", True)
        with pytest.raises(NothingStoredError, match="from 2026-03-02 10:00 to 2026-03-02 20:00"):
            span_of(connection, topics, at("21:00"), None, "wall")
        with pytest.raises(NothingStoredError, match="classpulse run archive"):
            span_of(connection, ["chapter_view_events"], None, None, "wall")


def test_the_clock_is_the_database_s_own(school: str) -> None:
    with opened(school, set()) as connection:
        assert clock_of(connection) == "wall"
        name = connection.info.dbname
    with psycopg.connect(school, autocommit=True) as owner:
        owner.execute(sql.SQL("ALTER DATABASE {} SET classpulse.clock = 'data'").format(sql.Identifier(name)))
    with opened(school, set()) as connection:
        assert clock_of(connection) == "data"


def test_a_database_without_our_tables_is_told_so(postgres_url: str) -> None:
    with pytest.raises(NothingStoredError, match="classpulse migrate"), opened(postgres_url, set()):
        pass
    assert "events" in ALWAYS


def test_what_came_long_after_it_happened_is_read_with_what_came_then(school: str) -> None:
    late = "INSERT INTO events SELECT (jsonb_populate_record(e, %s)).* FROM events e LIMIT 1"
    with psycopg.connect(school, autocommit=True) as owner:
        for offset, came in ((10_001, "12:00"), (10_002, "15:10")):
            reported = {"event_id": str(offset), "kafka_offset": offset, "ingested_at": at(came).isoformat()}
            owner.execute(late, (psycopg.types.json.Jsonb(reported),))
    with opened(school, set()) as connection:
        archive = Archive(connection, [SETTINGS.topic("clickstream_events")], "wall")
        pieces = list(archive.pieces(at("09:00"), at("19:00")))
    found = [
        (f"{end:%H:%M}", [o for came in places.values() for o in came.offsets if o > 10_000]) for end, places in pieces
    ]
    assert [place for place in found if place[1]] == [("12:30", [10_001]), ("15:30", [10_002])]
    assert sum(len(came.offsets) for _, places in pieces for came in places.values()) == 112
    assert pieces[-1][0] == at("19:00")
