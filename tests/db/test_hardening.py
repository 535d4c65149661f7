"""What a server lets every login do by default is taken back, and nobody can hold up a migration."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from psycopg import errors

from dataflows.settings import Settings
from db.access.hardening import harden, still_open
from db.access.logins import LIMITS, MESSENGER, READER
from db.migrate import migrate
from tests.db.conftest import Database

REFUSED = (errors.InsufficientPrivilege, errors.FeatureNotSupported)  # the latter: an extension that is not there
WRITING = (
    "SELECT lo_from_bytea(0, 'x')",
    "SELECT lo_create(0)",
    "SELECT lo_creat(-1)",
    "SELECT lo_get(1)",
    "SELECT lo_unlink(1)",
    "CREATE TABLE public.t ()",
    "CREATE SCHEMA s",
    "CREATE FUNCTION public.f() RETURNS int LANGUAGE sql RETURN 1",
    "DO $$ BEGIN END $$",
    "SELECT pg_logical_emit_message(false, 'x', 'y')",
    "COPY (SELECT 1) TO '/tmp/x'",
    "COPY (SELECT 1) TO PROGRAM 'true'",
    "CREATE EXTENSION dblink",
    "CREATE EXTENSION postgres_fdw",
    "CREATE ROLE r",
    "ALTER SYSTEM SET work_mem = '1MB'",
    "ALTER DATABASE {database} SET search_path = x",
    "CREATE PUBLICATION p FOR ALL TABLES",
)
OTHERS = (
    "SELECT pg_advisory_lock(1130983283)",
    "SELECT pg_try_advisory_xact_lock_shared(1, 1)",
    "SELECT pg_notify('x', 'y')",
    "SELECT pg_terminate_backend(pg_backend_pid())",
    "SELECT pg_cancel_backend(pg_backend_pid())",
    "SELECT pg_export_snapshot()",
    "BEGIN; LOCK TABLE public.schema_lock IN ACCESS SHARE MODE",
)
READING = (
    "SELECT pg_read_file('/etc/passwd')",
    "SELECT pg_ls_dir('.')",
    "SELECT * FROM pg_authid",
    "SELECT * FROM pg_statistic",
    "SELECT * FROM pg_largeobject",
    "SELECT * FROM pg_user_mappings, pg_hba_file_rules",
    "SET ROLE {owner}",
    "SET SESSION AUTHORIZATION {owner}",
    "SELECT set_config('role', '{owner}', false)",
    "SELECT query_to_xml('SELECT * FROM public.events', true, true, '')",
    "SELECT count(*) FROM public.events",
    "COPY public.directory TO STDOUT",
)
TIMESCALE = (
    "SELECT add_job('pg_catalog.pg_sleep', '1 second')",
    "SELECT delete_job(1)",
    "SELECT alter_job(1, scheduled => false)",
    "CALL run_job(1)",
    "SELECT add_retention_policy('public.events', interval '1 day')",
    "SELECT drop_chunks('public.events', older_than => interval '1 day')",
    "SELECT show_chunks('public.events')",
    "SELECT hypertable_size('public.events')",
    "SELECT get_telemetry_report()",
    "CALL refresh_continuous_aggregate('public.activity_1m', NULL, NULL)",
    "SELECT _timescaledb_functions.stop_background_workers()",
    "SELECT * FROM timescaledb_information.jobs",
    "SELECT * FROM _timescaledb_config.bgw_job",
    "SELECT * FROM _timescaledb_internal.bgw_job_stat",
)


@contextmanager
def login(database: Database, group: str | None) -> Iterator[str]:
    """Yields the address of a new login that is a member of one of our groups, or of none."""
    name = f"login_of_{database.connection.info.dbname}"
    member = f"IN ROLE {group}" if group else ""
    database.connection.execute(f"CREATE ROLE {name} LOGIN PASSWORD 'x' {member}".encode())
    try:
        yield psycopg.conninfo.make_conninfo(database.url, user=name, password="x")
    finally:
        database.connection.execute(f"DROP OWNED BY {name}".encode())
        database.connection.execute(f"DROP ROLE {name}".encode())


def refused_as(database: Database, group: str | None) -> list[str]:
    """Returns what a login of a group was not refused."""
    info = database.connection.info
    statements = [*OTHERS, *READING, *WRITING]
    if database.value("SELECT count(*) FROM pg_extension WHERE extname = 'timescaledb'"):
        statements += TIMESCALE
    done = []
    with login(database, group) as url, psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            try:
                connection.execute(statement.format(owner=info.user, database=info.dbname).encode())
            except REFUSED:
                continue
            except psycopg.Error as error:
                done.append(f"{statement}: {error}")
            else:
                done.append(statement)
            finally:
                connection.rollback()
    return done


def test_a_login_may_do_nothing_that_writes_locks_or_looks_inside(database: Database) -> None:
    for group in [None, *LIMITS]:
        allowed = refused_as(database, group)
        assert [each for each in allowed if "events" not in each] == [], (
            group
        )  # the writer reads and drops none of them
        assert not allowed or group == "classpulse_writer", group


def test_a_login_sees_nothing_of_others_in_the_catalogue(database: Database) -> None:
    database.student("somebody-secret", database.value("SELECT classpulse_now()"))
    database.connection.execute("ANALYZE")
    with login(database, "classpulse_reader_school") as url, psycopg.connect(url) as connection:
        for query in (
            "SELECT count(*) FROM pg_stats WHERE schemaname IN ('public', '_timescaledb_internal')",
            "SELECT count(*) FROM pg_stat_activity WHERE usename <> current_user AND query !~ '^<insufficient'",
            "SELECT count(*) FROM pg_proc WHERE prosrc LIKE '%somebody-secret%'",
            "SELECT count(*) FROM pg_stats_ext",
        ):
            assert connection.execute(query.encode()).fetchone() == (0,), query


def test_what_an_upgrade_opens_again_the_next_migration_closes(database: Database) -> None:
    assert still_open(database.connection) == {}
    database.connection.execute("GRANT EXECUTE ON FUNCTION pg_advisory_lock(bigint), lo_create(oid) TO PUBLIC")
    assert still_open(database.connection) == {"functions": ["lo_create(oid)", "pg_advisory_lock(bigint)"]}
    report = migrate(database.url, settings=Settings())
    assert (report.views_applied, report.notes) == (False, [])
    assert still_open(database.connection) == {}


def test_logins_have_limits_and_keep_those_of_their_own(database: Database) -> None:
    with login(database, "classpulse_reader_school") as url:
        name = psycopg.conninfo.conninfo_to_dict(url)["user"]
        database.connection.execute(
            f"ALTER ROLE {name} IN DATABASE {database.connection.info.dbname} SET statement_timeout = '5s'".encode()
        )
        migrate(database.url, settings=Settings())
        with psycopg.connect(url) as connection:
            shown = {each: connection.execute(f"SHOW {each}".encode()).fetchone() for each in READER.settings}
        assert shown == {
            "statement_timeout": ("5s",),
            "lock_timeout": ("10s",),
            "idle_in_transaction_session_timeout": ("1min",),
        }
        assert database.value("SELECT rolconnlimit FROM pg_roles WHERE rolname = %s", name) == READER.connections
    assert set(MESSENGER.settings) == set(READER.settings)


def test_a_reader_cannot_hold_up_a_migration(database: Database) -> None:
    with login(database, "classpulse_reader_teacher") as url, psycopg.connect(url) as reader:
        reader.execute("SET idle_in_transaction_session_timeout = 0")
        reader.execute("SELECT * FROM activity")  # and holds the lock on the view
        done = threading.Event()

        def migrating() -> None:
            migrate(database.url, settings=Settings(idle_after_s=7))
            done.set()

        threading.Thread(target=migrating).start()
        assert done.wait(60)
        with pytest.raises(psycopg.OperationalError):
            reader.execute("SELECT 1")


def test_an_owner_who_is_no_superuser_is_told_what_a_superuser_must_run(any_database: str) -> None:
    with psycopg.connect(any_database, autocommit=True) as admin:
        name = f"owner_of_{admin.info.dbname}"
        admin.execute(f"CREATE ROLE {name} LOGIN PASSWORD 'x'".encode())
        admin.execute(f"CREATE DATABASE {name} OWNER {name}".encode())
        owner_url = psycopg.conninfo.make_conninfo(any_database, dbname=name, user=name, password="x")
        try:
            assert [note for note in migrate(owner_url).notes if "may still use" in note]
            superuser_url = psycopg.conninfo.make_conninfo(any_database, dbname=name)
            with psycopg.connect(superuser_url) as superuser:
                assert harden(superuser) == []
            again = migrate(owner_url, settings=Settings(idle_after_s=7))
            assert not [note for note in again.notes if "may still use" in note]
        finally:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())
            admin.execute(f"DROP ROLE {name}".encode())
