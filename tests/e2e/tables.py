"""Tables as rows under their keys, and their difference in words."""

from __future__ import annotations

import base64
import math
from typing import Any

import psycopg
from psycopg import sql

from tests.oracle.content import ExpectedContent
from tests.oracle.engagement import Expected, Rows
from tests.oracle.memory import ExpectedMemory

KEYS = {
    "activity_windows": ("window_start", "scope", "scope_id", "task"),
    "student_state": ("student_id",),
    "engagement_scores": ("time", "student_id"),
    "student_days": ("day", "student_id"),
    "student_day_classes": ("day", "student_id", "class_id"),
    "events": ("event_time", "event_id", "topic"),
    "dead_letters": ("received_at", "topic", "partition", "kafka_offset"),
    "quiz_attempts": ("attempted_at", "event_id"),
    "learning_events": ("event_time", "event_id"),
    "memory_reviews": ("reviewed_at", "event_id"),
    "memory_state": ("user_id", "module"),
    "revision_signal_facts": ("user_id", "module_id", "scheduled_at"),
    "sessions_open": ("session_start", "student_id"),
    "sessions_closed": ("session_start", "student_id"),
    "chapter_visit_facts": ("start_time", "event_id"),
    "video_views": ("start_time", "student_id", "video_id"),
    "milestones": ("event_time", "event_id"),
    "student_click_days": ("day", "student_id"),
    "page_days": ("day", "page_url", "task"),
}
ENGAGEMENT = ("activity_windows", "student_state", "engagement_scores", "student_days", "student_day_classes")
ARCHIVE = ("events", "dead_letters")
MEMORY = ("quiz_attempts", "learning_events", "memory_reviews", "memory_state", "revision_signal_facts")
STUDIED = ("sessions_open", "sessions_closed", "chapter_visit_facts", "video_views")
CONTENT = (*STUDIED, "milestones", "student_click_days", "page_days")
WALL_TIME = {"updated_at", "generation"}
CASTS = {
    "timestamp with time zone": "(extract(epoch FROM {0}) * 1000)::bigint",
    "date": "{0}::text",
    "uuid": "{0}::text",
}


def dump(database: str, table: str) -> Rows:
    """Returns a table's rows under their keys, without the columns that hold wall time.

    Instants are epoch milliseconds, days ISO dates, payloads of dead letters bytes.
    """
    columns = """
        SELECT column_name, data_type FROM information_schema.columns
        WHERE table_schema = 'public' AND table_name = %s ORDER BY ordinal_position
    """
    with psycopg.connect(database) as connection:
        kinds = {name: kind for name, kind in connection.execute(columns, (table,)) if name not in WALL_TIME}
        assert kinds, f"there is no table {table}"
        key = KEYS[table]
        names = [*key, *(name for name in kinds if name not in key)]
        chosen = [sql.SQL(CASTS.get(kinds[name], "{0}")).format(sql.Identifier(name)) for name in names]
        query = sql.SQL("SELECT {} FROM {}").format(sql.SQL(", ").join(chosen), sql.Identifier(table))
        found = connection.execute(query).fetchall()
    width = len(key)
    rows: Rows = {row[:width]: dict(zip(names[width:], row[width:], strict=True)) for row in found}
    assert len(rows) == len(found), f"{table} holds a key twice"
    if table == "dead_letters":
        for values in rows.values():
            values["payload"] = base64.b64decode(values["payload"])
    return rows


def differences(expected: Rows, actual: Rows, table: str, shown: int = 8) -> str:
    """Returns the first differing rows in words; an empty string where there is none.

    Columns that only the table has (such as a reject's detail) are not compared.
    """
    lines = []
    for title, keys in (
        ("missing", expected.keys() - actual.keys()),
        ("too many", actual.keys() - expected.keys()),
    ):
        source = expected if title == "missing" else actual
        lines += [f"  {title}: {key} {source[key]}" for key in sorted(keys, key=repr)[:shown]]
        if len(keys) > shown:
            lines.append(f"  ... {len(keys)} rows {title}")
    wrong = [(key, _columns(expected[key], actual[key])) for key in expected.keys() & actual.keys()]
    wrong = sorted(((key, columns) for key, columns in wrong if columns), key=lambda item: repr(item[0]))
    lines += [f"  differs: {key} {columns}" for key, columns in wrong[:shown]]
    if len(wrong) > shown:
        lines.append(f"  ... {len(wrong)} rows differ")
    if not lines:
        return ""
    return "\n".join([f"{table}: {len(expected)} rows expected, {len(actual)} found", *lines])


def _columns(expected: dict[str, Any], actual: dict[str, Any]) -> str:
    said = [
        f"{name}: expected {value!r}, found {actual.get(name, 'no such column')!r}"
        for name, value in expected.items()
        if name not in actual or not _same(value, actual[name])
    ]
    return "; ".join(said)


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=0, abs_tol=1e-9)
    return bool(one == other)


def assert_holds(database: str, expected: Expected | ExpectedMemory | ExpectedContent, *tables: str) -> None:
    """Fails with all differences if a table holds anything but the expected rows."""
    found = [
        differences(getattr(expected, table), dump(database, table), table) for table in tables or ENGAGEMENT + ARCHIVE
    ]
    said = "\n".join(text for text in found if text)
    assert not said, f"\n{said}"


def everything(database: str) -> dict[str, list[str]]:
    """Returns every base table's rows as sorted text, wall times and generations included."""
    tables = """
        SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') ORDER BY 1
    """
    with psycopg.connect(database) as connection:
        found = {}
        for (table,) in connection.execute(tables).fetchall():
            query = sql.SQL("SELECT t::text FROM {} AS t ORDER BY 1").format(sql.Identifier(table))
            found[table] = [row[0] for row in connection.execute(query)]
    return found
