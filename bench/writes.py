"""What live events cost the database: WAL an event by table, updates that stay on their page, sizes of tables."""

from __future__ import annotations

import json
from typing import Any, Final

import psycopg

from bench.live import DATABASE, live, publisher, settled, watch_while
from bench.stack import machine, say, stack
from dataflows.flows import names

FLOWS: Final = names()
TABLES: Final = """
SELECT coalesce(h.inhparent, s.relid)::regclass::text AS "table",
       sum(s.n_tup_ins)::bigint AS inserted, sum(s.n_tup_upd)::bigint AS updated,
       sum(s.n_tup_hot_upd)::bigint AS on_the_page, sum(s.n_live_tup)::bigint AS live,
       sum(pg_table_size(s.relid))::bigint AS bytes, sum(pg_indexes_size(s.relid))::bigint AS index_bytes
FROM pg_stat_user_tables s
LEFT JOIN pg_inherits h ON h.inhrelid = s.relid
WHERE s.n_tup_ins + s.n_tup_upd > 0 AND s.schemaname !~ '^pg_temp' AND s.schemaname <> '_timescaledb_catalog'
GROUP BY 1 ORDER BY sum(s.n_tup_ins + s.n_tup_upd) DESC
"""
BY_TABLE: Final = """
SELECT coalesce(coalesce(h.inhparent, i.indrelid, c.oid)::regclass::text, 'transactions and system tables') AS "table",
       c.relkind = 'i' AS is_index, count(*) AS records,
       sum(w.record_length)::bigint AS bytes, sum(w.fpi_length)::bigint AS page_bytes
FROM pg_get_wal_records_info(%s, %s) w
LEFT JOIN pg_class c ON c.oid >= 16384 AND c.relfilenode <> 0
      AND c.relfilenode = substring(w.block_ref FROM 'blkref #0: rel [0-9]+/[0-9]+/([0-9]+)')::oid
LEFT JOIN pg_index i ON i.indexrelid = c.oid
LEFT JOIN pg_inherits h ON h.inhrelid = coalesce(i.indrelid, c.oid)
GROUP BY 1, 2 ORDER BY 4 DESC
"""


def measure(*, rate: float = 500, seconds: float = 200) -> dict[str, Any]:
    """Publishes `rate` events a second of a school that studies, with all four flows at work, and asks the server.

    Args:
        rate: Events per second.
        seconds: For how long.
    """
    with stack() as servers, live(servers, FLOWS) as running:
        before = machine()
        began = place(servers.postgres.url(DATABASE))
        say(f"publishing {rate:,.0f} events/s for {seconds:.0f} s")
        running.begin()
        source = publisher(running.env, rate, seconds, "studying")
        watch_while(running, lambda: source.poll() is None)
        sent = json.loads((source.communicate()[0] or b"{}").splitlines()[-1])
        settled(running)
        return {
            "machine": before,
            "rate": rate,
            "seconds": seconds,
            **cost(running.servers.postgres.url(DATABASE), sent["distinct"], began),
        }


def place(url: str) -> str:
    """Checkpoints, so that every run begins alike, and returns where the log of the database stands."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE EXTENSION IF NOT EXISTS pg_walinspect")
        connection.execute("CHECKPOINT")
        row = connection.execute("SELECT pg_current_wal_lsn()").fetchone()
    return str(row[0]) if row else ""


def cost(url: str, events: int, began: str) -> dict[str, Any]:
    """Returns what the database has logged since then, an event and table, and what became of its tables.

    Args:
        url: The database.
        events: How many events that were.
        began: Where its log stood.
    """
    with psycopg.connect(url, autocommit=True) as connection:
        end = connection.execute("SELECT pg_current_wal_lsn(), pg_current_wal_lsn() - %s", (began,)).fetchone()
        lsn, wal = end or ("", 0)
        by_table = connection.execute(BY_TABLE, (began, lsn)).fetchall()
        tables = connection.execute(TABLES).fetchall()
    pages = sum(int(row[4]) for row in by_table)
    return {
        "events": events,
        "wal_bytes_an_event": round(float(wal) / events),
        "of_which_whole_pages": round(pages / events),
        "wal_bytes_an_event_by_table": {
            f"{name}{' (indexes)' if is_index else ''}": {
                "records": round(records / events, 3),
                "bytes": round((int(size) - int(page)) / events, 1),
                "whole_pages": round(int(page) / events, 1),
            }
            for name, is_index, records, size, page in by_table
            if int(size) / events >= 1
        },
        "tables": {
            name: {
                "inserted": inserted,
                "updated": updated,
                "on_the_page": round(hot / updated, 3) if updated else None,
                "live": alive,
                "mb": round(size / 1e6, 2),
                "index_mb": round(indexes / 1e6, 2),
            }
            for name, inserted, updated, hot, alive, size, indexes in tables
        },
    }
