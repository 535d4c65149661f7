"""The sink: one transaction a worker and flush, COPY to staging, upsert, fence (decisions 4 and 5)."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal

import numpy as np
import polars as pl
import psycopg
import structlog
from bytewax.outputs import DynamicSink, StatelessSinkPartition
from psycopg import sql

from dataflows import metrics
from dataflows.failure import records_failure
from dataflows.sink.archived import in_log_order
from dataflows.sink.changes import Changes
from dataflows.sink.chunks import Between, chunk_begin, chunk_lengths, whole_chunks
from dataflows.sink.connection import APPLICATION, connect, retry_while_unavailable
from dataflows.sink.facts import believe
from dataflows.sink.freshness import Freshness
from dataflows.sink.progress import advance
from dataflows.sink.sqlstates import Verdict, verdict_of
from dataflows.sink.tables import TABLES, Table

_NULL: Final = "\\N"
_TWO_TASKS: Final = "student_in_two_tasks"

BY_INDEX: Final = "; ".join(
    [f"SET enable_{way} = off" for way in ("hashjoin", "mergejoin", "seqscan", "bitmapscan", "material")]
    + ["SET seq_page_cost = 1000"]
)
"""Staged rows are few, tables are large, and the server knows nothing of either: a row is found by its key.

Of a new table it has no counts: it takes thousands of rows for a handful, and would hold each staged row against each
of them. So reading the staged rows twice is made to cost more than any way that reads them once.
"""

Staged = tuple[Table, list[str], bytes, Between | None, bytes]
"""Rows on their way: the table, the columns in order, the rows as CSV, between which times they lie, and their keys
alone where as a rule none of them is stored yet."""

Stretches = tuple[list[str], bytes, datetime]
"""Stretches of time to replace in a table: the owner's columns and the time's, their values, the earliest time."""

log = structlog.get_logger()


def to_csv(frame: pl.DataFrame) -> bytes:
    r"""Returns the rows as CSV bytes for COPY; null is `\\N` unquoted, and text is always quoted."""
    out = io.BytesIO()
    frame.write_csv(
        out, include_header=False, null_value=_NULL, quote_style="non_numeric", datetime_format="%FT%T%.3fZ"
    )
    return out.getvalue()


class Writer(StatelessSinkPartition[tuple[str, Changes]]):
    """Writes the changes of all tasks of one worker; `write_batch` returns only after COMMIT."""

    def __init__(  # noqa: PLR0913
        self,
        database_url: str,
        flow: str,
        freshness: Freshness,
        publish: Callable[[str, list[tuple[bytes, bytes]]], None],
        give_up: Callable[[], bool],
        schema: str = "public",
    ) -> None:
        """Connects at the first write.

        Args:
            database_url: libpq URL of the writer role.
            flow: The flow's name; the connection carries it.
            freshness: Takes the age of every live record at its commit.
            publish: Publishes (key, value) of records to a topic and returns when the broker has them.
            give_up: Whether to stop trying while the database is away.
            schema: Where the tables are.
        """
        self._schema = schema
        self._url, self._flow, self._freshness = database_url, flow, freshness
        self._publish, self._give_up = publish, give_up
        self._connection: psycopg.Connection[Any] | None = None
        self._lengths: dict[str, timedelta] = {}
        self._written: dict[int, tuple[dict[str, int], dict[str, int]]] = {}

    @records_failure
    def write_batch(self, items: list[tuple[str, Changes]]) -> None:
        """Writes all items in one transaction, trying again while the database is away.

        Raises:
            FencedError: A task was claimed by another worker.
        """
        changes = _merge([c for _key, c in items])
        due = [c for c in changes if c.rows or c.replaces or self._written.get(c.task) != (c.offsets, c.watermarks)]
        if not due:
            return
        payload, spans = _payload(due), _spans(due)
        records = _records(due)
        retry_while_unavailable(lambda: self._try(due, spans, payload, records), f"write {self._flow}", self._give_up)
        committed_ms = int(time.time() * 1000)
        for c in due:
            self._written[c.task] = (c.offsets, c.watermarks)
            self._freshness.observe(c.live_append_ms, committed_ms)

    def close(self) -> None:
        """Closes the connection."""
        if self._connection is not None:
            self._connection.close()

    def _try(
        self,
        changes: list[Changes],
        spans: dict[str, Stretches],
        payload: list[Staged],
        records: dict[str, list[tuple[bytes, bytes]]],
    ) -> None:
        try:
            try:
                self._commit(changes, spans, payload, records)
            except psycopg.errors.UniqueViolation:
                # A producer that breaks the keying made another worker write a row of ours at the same moment.
                self._commit(changes, spans, payload, records, contended=True)
        except psycopg.Error:
            metrics.DB_WRITE_FAILED.labels(self._flow).inc()
            raise

    def _commit(
        self,
        changes: list[Changes],
        spans: dict[str, Stretches],
        payload: list[Staged],
        records: dict[str, list[tuple[bytes, bytes]]],
        *,
        contended: bool = False,
    ) -> None:
        connection = self._connected()
        try:
            with connection.transaction(), connection.cursor() as cursor:
                advance(cursor, changes, {task: offsets for task, (offsets, _marks) in self._written.items()})
                for staged in payload:
                    table, started = staged[0], time.perf_counter()
                    self._upsert(cursor, staged, spans.get(table.name), contended=contended)
                    metrics.DB_WRITE.labels(table.stored_as).observe((time.perf_counter() - started) * 1000)
                # Behind the fence, which holds the tasks until the commit: who was replaced publishes nothing. After a
                # crash before the commit they come twice, under the same key or event_id.
                for topic in list(records):
                    self._publish(topic, records[topic])
                    del records[topic]
        except psycopg.Error as error:
            # What passes may pass at another server: the next try connects anew.
            if verdict_of(error) is Verdict.WAIT:
                connection.close()
                self._connection = None
            raise

    def _connected(self) -> psycopg.Connection[Any]:
        if self._connection is None or self._connection.closed:
            self._connection = connect(self._url, f"{APPLICATION}-{self._flow}", self._schema)
            self._connection.execute(BY_INDEX)
            self._lengths = chunk_lengths(self._connection)
        return self._connection

    def _upsert(
        self, cursor: psycopg.Cursor[Any], staged: Staged, stretches: Stretches | None, *, contended: bool
    ) -> None:
        table, columns, data, times, keys = staged
        length = self._lengths.get(table.stored_as)
        between = whole_chunks(times, length) if times and length else None
        if keys and not contended and not _are_stored(cursor, table, keys, between):
            _copy(cursor, table.stored_as, columns, data)
            return
        # Rows that only make way have no values, and must not leave their staging table to rows that have.
        stage = _stage(cursor, table, columns, data, suffix="" if data else "_none")
        if data and table.facts is not None:
            believe(cursor, table.stored_as, table.facts, stage)
        if stretches is not None:
            owners, spans, since = stretches
            spans_stage = _stage(cursor, table, owners, spans, suffix="_since")
            cursor.execute(table.replace_sql(spans_stage, stage, chunk_begin(since, length) if length else None))
        if not data:
            return
        if table.name == "student_state":
            _note_moves(cursor, self._flow)
        if contended or not table.is_looked_up(columns, times):
            cursor.execute(table.upsert_sql(stage, columns))
            return
        if table.on_conflict != "keep":
            cursor.execute(table.update_sql(stage, columns, between))
        _add(cursor, table.stored_as, columns, table.new_sql(stage, columns, between))


def _stage(cursor: psycopg.Cursor[Any], table: Table, columns: list[str], data: bytes, suffix: str = "") -> str:
    """Copies rows into a temporary table that empties itself at commit, and returns its name."""
    name = f"stage_{table.name}{suffix}"
    cursor.execute(
        sql.SQL("CREATE TEMP TABLE IF NOT EXISTS {} ON COMMIT DELETE ROWS AS SELECT {} FROM {} LIMIT 0").format(
            sql.Identifier(name), _names(columns), sql.Identifier(table.stored_as)
        )
    )
    _copy(cursor, name, columns, data)
    return name


def _copy(cursor: psycopg.Cursor[Any], table: str, columns: list[str], data: bytes) -> None:
    copy = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT csv, NULL {})").format(
        sql.Identifier(table), _names(columns), sql.Literal(_NULL)
    )
    with cursor.copy(copy) as stream:
        stream.write(data)


def _are_stored(cursor: psycopg.Cursor[Any], table: Table, keys: bytes, between: Between | None) -> bool:
    """Returns whether any of some keys is in the table: after a crash, or where a producer sends an id twice.

    Where none is, the rows go into the table as they are, and need not be staged, looked up and read back.
    """
    stage = _stage(cursor, table, list(table.key), keys, suffix="_keys")
    found = cursor.execute(table.known_sql(stage, between)).fetchone()
    return bool(found and found[0])


def _add(cursor: psycopg.Cursor[Any], table: str, columns: list[str], query: sql.Composed) -> None:
    """Adds the rows of a query to a table by COPY: one record a page in the database's log, and not one a row."""
    with cursor.copy(sql.SQL("COPY ({}) TO STDOUT").format(query)) as found:
        rows = b"".join(found)
    if rows:
        with cursor.copy(sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), _names(columns))) as stream:
            stream.write(rows)


def _names(columns: list[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, columns))


def _note_moves(cursor: psycopg.Cursor[Any], flow: str) -> None:
    """Notes students whose events arrive in another task than before: a producer that breaks the keying."""
    cursor.execute(
        """
        INSERT INTO anomalies (detected_at, kind, subject_id, score, detail)
        SELECT s.last_event_at, %s, s.student_id, 1,
               jsonb_build_object('was', t.task, 'is', s.task)
        FROM stage_student_state s JOIN student_state t USING (student_id) WHERE t.task <> s.task
        ON CONFLICT DO NOTHING
        """,
        (_TWO_TASKS,),
    )
    if cursor.rowcount > 0:
        metrics.KEY_MOVES.labels(flow).inc(cursor.rowcount)


def _records(changes: list[Changes]) -> dict[str, list[tuple[bytes, bytes]]]:
    """Returns what is to be published, by topic, in the order of the changes."""
    out: dict[str, list[tuple[bytes, bytes]]] = {}
    for change in changes:
        for topic, records in change.records.items():
            out.setdefault(topic, []).extend(records)
    return out


def _merge(changes: list[Changes]) -> list[Changes]:
    """Returns one entry a task: a full batch and the next may arrive together, and the later values win."""
    latest: dict[int, Changes] = {}
    for change in changes:
        before = latest.get(change.task)
        if before is not None:
            for name, frame in before.rows.items():
                newer = change.rows.get(name)
                left = _outside(frame, TABLES[name], change.replaces.get(name))
                change.rows[name] = left if newer is None else pl.concat([left, newer])
            for name, spans in before.replaces.items():
                more = change.replaces.get(name)
                change.replaces[name] = spans if more is None else pl.concat([spans, more])
            change.live_append_ms = np.concatenate([before.live_append_ms, change.live_append_ms])
            change.records = _records([before, change])
        latest[change.task] = change
    return list(latest.values())


def _outside(frame: pl.DataFrame, table: Table, spans: pl.DataFrame | None) -> pl.DataFrame:
    """Returns the rows that lie in none of the stretches that later rows fill."""
    if spans is None or table.span is None:
        return frame
    earliest = spans.group_by(table.span.owner).agg(pl.col("since").min())
    inside = pl.col("since").is_not_null() & (pl.col(table.span.time) >= pl.col("since"))
    joined = frame.join(earliest, on=list(table.span.owner), how="left", maintain_order="left")
    return joined.filter(~inside).drop("since")


def _spans(changes: list[Changes]) -> dict[str, Stretches]:
    found: dict[str, Stretches] = {}
    for name, table in TABLES.items():
        frames = [c.replaces[name] for c in changes if name in c.replaces and len(c.replaces[name])]
        if frames and table.span is not None:
            owner, time_column = list(table.span.owner), table.span.time
            earliest = pl.concat(frames).group_by(owner, maintain_order=True).agg(pl.col("since").min())
            since = earliest["since"].cast(pl.Int64).min()
            moment = datetime.fromtimestamp(int(since) / 1000, UTC)  # type: ignore[arg-type]
            found[name] = ([*owner, time_column], to_csv(earliest.rename({"since": time_column})), moment)
    return found


def _payload(changes: list[Changes]) -> list[Staged]:
    payload: list[Staged] = []
    for name, table in TABLES.items():
        frames = [c.rows[name] for c in changes if name in c.rows and len(c.rows[name])]
        if not frames:
            if any(len(c.replaces.get(name, ())) for c in changes):
                payload.append((table, list(table.key), b"", None, b""))
            continue
        frame = pl.concat(frames) if len(frames) > 1 else frames[0]
        if table.facts is not None and table.on_conflict == "keep":
            frame = frame.sort("place", maintain_order=True)
        # Two rows of one key in one upsert are an error; the later task's row wins, in a stable order.
        keep: Literal["first", "last"] = "last" if table.on_conflict == "update" else "first"
        if table.merge is None:
            kept = frame.unique(subset=list(table.key), keep=keep, maintain_order=True)
            if table.on_conflict == "first" and len(kept) < len(frame):
                kept = in_log_order(frame).unique(subset=list(table.key), keep=keep, maintain_order=True)
            if name == "student_state" and len(kept) < len(frame):
                payload.append(_meetings(frame, kept, changes[0].flow))
            frame = kept
        between, keys = _between(frame, table), b""
        if table.is_new(between):
            # In the order of the key: pages of its index are then filled one after the other, and split once.
            frame = frame.sort(table.key)
            keys = to_csv(frame.select(table.key))
        payload.append((table, frame.columns, to_csv(frame), between, keys))
    return payload


def _between(frame: pl.DataFrame, table: Table) -> Between | None:
    """Returns the first and the last time of the rows, where the key begins with a time."""
    times = frame[table.key[0]]
    if not times.dtype.is_temporal():
        return None
    if times.dtype == pl.Date:
        return times.min(), times.max()  # type: ignore[return-value]
    first, last = (int(ms) for ms in (times.cast(pl.Int64).min(), times.cast(pl.Int64).max()))  # type: ignore[arg-type]
    return datetime.fromtimestamp(first / 1000, UTC), datetime.fromtimestamp(last / 1000, UTC)


def _meetings(frame: pl.DataFrame, kept: pl.DataFrame, flow: str) -> Staged:
    """Returns anomalies for students whom two tasks of this worker wrote in one go; see `_note_moves`."""
    met = frame.join(kept.select("student_id", pl.col("task").alias("is")), on="student_id").filter(
        pl.col("task") != pl.col("is")
    )
    rows = met.select(
        pl.col("last_event_at").alias("detected_at"),
        pl.lit(_TWO_TASKS).alias("kind"),
        pl.col("student_id").alias("subject_id"),
        pl.lit(1.0).alias("score"),
        pl.concat_str(pl.lit('{"was": '), "task", pl.lit(', "is": '), "is", pl.lit("}")).alias("detail"),
    ).unique(subset=["detected_at", "subject_id"], maintain_order=True)
    metrics.KEY_MOVES.labels(flow).inc(len(rows))
    return TABLES["anomalies"], rows.columns, to_csv(rows), None, b""


class DatabaseSink(DynamicSink[tuple[str, Changes]]):
    """One writer a worker, local by nature: rows never cross processes."""

    def __init__(
        self,
        database_url: str,
        flow: str,
        freshness: Freshness,
        publish: Callable[[str, list[tuple[bytes, bytes]]], None],
        give_up: Callable[[], bool],
    ) -> None:
        """Keeps what each worker's `Writer` needs."""
        self._build: Callable[[], Writer] = lambda: Writer(database_url, flow, freshness, publish, give_up)

    def build(self, step_id: str, worker_index: int, worker_count: int) -> Writer:  # noqa: ARG002
        """Returns this worker's writer."""
        return self._build()
