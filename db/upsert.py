"""Writing rows that people edit: COPY to staging and one upsert a table, counting what is new and what changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, LiteralString

import psycopg
from psycopg import sql


@dataclass(frozen=True, slots=True)
class Written:
    """How the rows of a table met what was there."""

    table: str
    new: int
    changed: int
    same: int
    removed: int


def write_rows(  # noqa: PLR0913
    connection: psycopg.Connection[Any],
    table: str,
    key: tuple[str, ...],
    rows: list[dict[str, Any]],
    *,
    whole_of: str | None = None,
    stamp: str | None = None,
    merged: Mapping[str, LiteralString] | None = None,
    sent: Callable[[int], None] | None = None,
) -> Written:
    """Upserts rows and counts what they changed.

    Args:
        connection: In a transaction.
        table: The table.
        key: Its primary key.
        rows: At least one, all with the same columns; no key twice.
        whole_of: A column of the key: the rows are all there is of its values that they name, other rows go.
        stamp: A column that is set to now() in rows that are new or changed.
        merged: Columns whose new value is an expression of the stored row `t` and of `excluded`; they need not be
            among those of the rows.
        sent: Is told how many rows have been sent so far.
    """
    columns = list(rows[0])
    stage, target = sql.Identifier(f"load_{table}"), sql.Identifier(table)
    connection.execute(
        sql.SQL("CREATE TEMP TABLE {} ON COMMIT DROP AS SELECT {} FROM {} LIMIT 0").format(
            stage, _list(columns), target
        )
    )
    with connection.cursor().copy(sql.SQL("COPY {} ({}) FROM STDIN").format(stage, _list(columns))) as copy:
        for count, row in enumerate(rows, 1):
            copy.write_row([row[column] for column in columns])
            if sent is not None:
                sent(count)
    removed = connection.execute(_removal(target, key, stage, whole_of)).rowcount if whole_of else 0
    inserted = [
        new for (new,) in connection.execute(_upsert(target, key, stage, columns, stamp, merged or {})).fetchall()
    ]
    connection.execute(sql.SQL("DROP TABLE {}").format(stage))
    new, changed = sum(inserted), len(inserted) - sum(inserted)
    return Written(table, new, changed, len(rows) - len(inserted), removed)


def _upsert(  # noqa: PLR0913
    target: sql.Identifier,
    key: tuple[str, ...],
    stage: sql.Identifier,
    columns: list[str],
    stamp: str | None,
    merged: Mapping[str, LiteralString],
) -> sql.Composed:
    """Returns the upsert; it returns true for a new row, false for a changed one, nothing for an equal one."""
    values = [*(column for column in columns if column not in key), *(c for c in merged if c not in columns)]
    name = sql.Identifier(stamp) if stamp else sql.SQL("")
    parts = {
        "target": target,
        "columns": _list(columns),
        "stage": stage,
        "key": _list(key),
        "values": _list(values),
        "new": sql.SQL(", ").join(
            sql.SQL(merged[c]) if c in merged else sql.SQL("excluded.{}").format(sql.Identifier(c)) for c in values
        ),
        "old": sql.SQL(", ").join(sql.SQL("t.{}").format(sql.Identifier(column)) for column in values),
        "stamp_column": sql.SQL(", {}" if stamp else "{}").format(name),
        "stamp_value": sql.SQL(", now()" if stamp else ""),
        "stamp": sql.SQL(", {} = now()" if stamp else "{}").format(name),
    }
    insert = (
        "INSERT INTO {target} AS t ({columns}{stamp_column})"
        " SELECT {columns}{stamp_value} FROM {stage} ON CONFLICT ({key})"
    )
    update = " DO UPDATE SET ({values}) = ROW({new}){stamp} WHERE ROW({old}) IS DISTINCT FROM ROW({new})"
    return sql.SQL(f"{insert}{update if values else ' DO NOTHING'} RETURNING xmax = 0").format(**parts)


def _removal(target: sql.Identifier, key: tuple[str, ...], stage: sql.Identifier, whole_of: str) -> sql.Composed:
    same = sql.SQL(" AND ").join(sql.SQL("s.{0} = t.{0}").format(sql.Identifier(column)) for column in key)
    return sql.SQL(
        "DELETE FROM {target} t WHERE {owner} IN (SELECT {owner} FROM {stage})"
        " AND NOT EXISTS (SELECT FROM {stage} s WHERE {same})"
    ).format(target=target, owner=sql.Identifier(whole_of), stage=stage, same=same)


def _list(names: Iterable[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, names))
