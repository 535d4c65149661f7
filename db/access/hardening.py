"""What PostgreSQL and TimescaleDB let every login do by default, taken back; again with each `migrate`.

An upgrade of the server or of the extension brings functions that everybody may call, so this is no migration.
"""

from __future__ import annotations

from typing import Any, Final, LiteralString

import psycopg
from psycopg import errors, sql
from psycopg.rows import tuple_row

# In pg_catalog: what writes, locks others out, writes WAL, or ends sessions of whoever shares the login.
_SERVER: Final[LiteralString] = (
    r"^(lo_\w+|loread|lowrite|pg_(try_)?advisory_\w+|pg_notify|pg_logical_emit_message|pg_export_snapshot"
    r"|pg_cancel_backend|pg_terminate_backend)$"
)
# Of TimescaleDB: volatile functions that queries need, and stable ones that tell about tables nobody may read.
_QUERIES: Final[LiteralString] = r"^(time_bucket_gapfill|locf|interpolate|by_hash|by_range|generate_uuidv7|to_uuidv7)$"
_INSIDES: Final[LiteralString] = (
    r"^(show_chunks|get_telemetry_report|\w+_stats|chunk_id_from_relid|estimate_compressed_batch_size)$"
)
_OTHER_DATABASES: Final = ("dblink", "postgres_fdw", "file_fdw", "adminpack", "lo")
SCHEMAS: Final = ("timescaledb_information", "timescaledb_experimental", "_timescaledb_config")
"""TimescaleDB's jobs and statistics. The other schemas stay: chunks are read with the reader's rights."""

_ROUTINES: Final[LiteralString] = """
WITH candidates AS MATERIALIZED (
    SELECT p.oid, p.proowner
    FROM pg_proc p
    LEFT JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
    LEFT JOIN pg_extension e ON e.oid = d.refobjid
    WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.proname ~ %(server)s
       OR e.extname = ANY(%(others)s)
       OR e.extname = 'timescaledb' AND (p.provolatile = 'v' AND p.proname !~ %(queries)s OR p.proname ~ %(insides)s)
)
SELECT oid::regprocedure::text, pg_has_role(proowner, 'USAGE') FROM candidates
WHERE has_function_privilege('public', oid, 'EXECUTE') ORDER BY 1
"""
_OPEN_SCHEMAS: Final[LiteralString] = """
SELECT quote_ident(nspname), pg_has_role(nspowner, 'USAGE') FROM pg_namespace
WHERE nspname = ANY(%(schemas)s) AND has_schema_privilege('public', oid, 'USAGE') ORDER BY 1
"""
_OPEN_LANGUAGES: Final[LiteralString] = """
SELECT quote_ident(lanname), pg_has_role(lanowner, 'USAGE') FROM pg_language
WHERE lanpltrusted AND lanname <> 'sql' AND has_language_privilege('public', oid, 'USAGE') ORDER BY 1
"""

_OPEN_TABLES: Final[LiteralString] = """
SELECT c.oid::regclass::text, pg_has_role(c.relowner, 'USAGE')
FROM pg_class c JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'
WHERE c.relnamespace = to_regnamespace('_timescaledb_internal') AND c.relkind IN ('r', 'v')
  AND has_table_privilege('public', c.oid, 'SELECT') ORDER BY 1
"""

_KINDS: Final[tuple[tuple[LiteralString, LiteralString, LiteralString], ...]] = (
    ("EXECUTE ON ROUTINE", "functions", _ROUTINES),
    ("USAGE ON SCHEMA", "schemas", _OPEN_SCHEMAS),
    ("SELECT ON TABLE", "tables", _OPEN_TABLES),
    ("USAGE ON LANGUAGE", "languages", _OPEN_LANGUAGES),
)
_WHAT: Final[dict[str, Any]] = {
    "server": _SERVER,
    "queries": _QUERIES,
    "insides": _INSIDES,
    "others": list(_OTHER_DATABASES),
    "schemas": list(SCHEMAS),
}


def still_open(connection: psycopg.Connection[Any]) -> dict[str, list[str]]:
    """Returns what every login may still use, by kind: functions, schemas and languages.

    Args:
        connection: The database.
    """
    found = {what: [name for name, _ours in _rows(connection, query)] for _right, what, query in _KINDS}
    return {what: names for what, names in found.items() if names}


def harden(connection: psycopg.Connection[Any]) -> list[str]:
    """Takes back from everybody what readers do not need; what belongs to others is left, and said.

    The database's owner keeps it all: `migrate`, `rebuild` and background jobs run as the owner.

    Args:
        connection: As the database's owner, or a superuser.

    Returns:
        A note where a superuser is needed; none where all is closed.
    """
    owner = sql.Identifier(_value(connection, "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = %s"))
    for right, _what, query in _KINDS:
        ours = [name for name, is_ours in _rows(connection, query) if is_ours]
        if ours:
            names = sql.SQL(", ".join(ours))  # quoted by the server
            for statement in ("GRANT {} {} TO {}", "REVOKE {} {} FROM {}"):
                to = owner if statement.startswith("GRANT") else sql.SQL("PUBLIC")
                connection.execute(sql.SQL(statement).format(sql.SQL(right), names, to))
    _close_database(connection)
    return [_note(left)] if (left := still_open(connection)) else []


def _close_database(connection: psycopg.Connection[Any]) -> None:
    """No login makes tables, temporary ones neither; the writer's are given by the views' grants."""
    database = sql.Identifier(connection.info.dbname)
    for statement in (
        sql.SQL("REVOKE CREATE ON SCHEMA public FROM PUBLIC"),
        sql.SQL("REVOKE CREATE, TEMPORARY ON DATABASE {} FROM PUBLIC").format(database),
    ):
        try:
            with connection.transaction():
                connection.execute(statement)
        except errors.InsufficientPrivilege:
            continue  # a migrator who is not the owner: the roles' script says so


def _note(left: dict[str, list[str]]) -> str:
    counted = " and ".join(f"{len(names)} {what}" for what, names in left.items())
    return (
        f"every login may still use {counted} of the server or of TimescaleDB, among them locks and jobs:"
        " as a superuser run `classpulse access harden` on this database (docs/access.md)"
    )


def _rows(connection: psycopg.Connection[Any], query: LiteralString) -> list[tuple[str, bool]]:
    with connection.cursor(row_factory=tuple_row) as cursor:
        return cursor.execute(query, _WHAT).fetchall()


def _value(connection: psycopg.Connection[Any], query: LiteralString) -> str:
    with connection.cursor(row_factory=tuple_row) as cursor:
        row = cursor.execute(query, (connection.info.dbname,)).fetchone()
    return str(row[0]) if row else ""
