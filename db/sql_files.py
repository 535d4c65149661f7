"""SQL files: found by kind of database, filled with settings, sent as they are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import psycopg
from alembic import context, op


def for_kind(directory: Path, stem: str, kind: str) -> list[Path]:
    """Returns the files `<stem>.sql` and `<stem>.<kind>.sql` of a directory, those that exist."""
    candidates = (directory / f"{stem}.sql", directory / f"{stem}.{kind}.sql")
    return [path for path in candidates if path.exists()]


def fill(text: str, values: dict[str, str]) -> str:
    """Replaces `{{name}}` in SQL text by the literal of that name; an unknown name is left as it is."""
    for name, literal in values.items():
        text = text.replace("{{" + name + "}}", literal)
    return text


def send(connection: psycopg.Connection[Any], text: str) -> None:
    """Sends a script of many statements in one message: no parameters, so `%` and `:` are plain text."""
    connection.execute(text.encode())


def upgrade_from(version_file: str) -> Callable[[], None]:
    """Returns the `upgrade` of a version: the SQL files that bear the Python file's name.

    Args:
        version_file: `__file__` of the version.
    """
    version = Path(version_file)

    def upgrade() -> None:
        attributes = context.config.attributes
        driver = cast("psycopg.Connection[Any]", op.get_bind().connection.driver_connection)
        for path in for_kind(version.parent, version.stem, attributes["kind"]):
            send(driver, fill(path.read_text(), attributes["values"]))

    return upgrade
