"""The tables of docs/sql.md and docs/sql/*.md, made of what the database says about itself (`COMMENT ON`).

A page names what it shows in a comment of its own; what stands between that and `<!-- end -->` is written here:

    <!-- views: active_now class_overview -->
    <!-- tables: events sessions_closed -->
    <!-- words -->

Comments of columns are of two kinds: a sentence with a full stop says what the column means there; without one it is a
word of db/views/93_words.sql, which means the same everywhere and is explained once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import tuple_row

from dataflows.errors import UserError

DOCS = Path(__file__).parents[1] / "docs"
READERS = {
    "t": "classpulse_reader_teacher",
    "c": "classpulse_reader_class",
    "s": "classpulse_reader_school",
    "o": "classpulse_reader_ops",
}
"""Who may read a view, or its namesake in a schema of their own (`db.access.views`)."""
_BLOCK = re.compile(r"(<!-- (views|tables|words)(?:: ([\w ]+))? -->\n).*?(<!-- end -->\n)", re.DOTALL)
_TYPOGRAPHY = ((r"\bx\b", "×"), (r"(?<=\d)-(?=\d)", "–"), (r"\.\.\.", "…"), (r"(?<= )-(?= |\d)", "−"))

_RELATIONS = """
SELECT r.relname, obj_description(r.oid, 'pg_class'),
       ARRAY(SELECT letter FROM unnest(%s::text[], %s::text[]) AS l (letter, role)
             WHERE EXISTS (SELECT FROM pg_roles WHERE rolname = role) AND EXISTS (
                 SELECT FROM pg_class n
                 WHERE n.relname = r.relname AND has_table_privilege(role, n.oid, 'SELECT')
                   AND n.relnamespace::regnamespace::text IN ('public', 'my_classes', 'school'))),
       (SELECT json_agg(json_build_array(attname, col_description(r.oid, attnum)) ORDER BY attnum)
        FROM pg_attribute WHERE attrelid = r.oid AND attnum > 0 AND NOT attisdropped)
FROM pg_class r
WHERE r.relnamespace = 'public'::regnamespace AND r.relkind IN ('r', 'v')
"""


@dataclass(frozen=True, slots=True)
class Relation:
    """A table or view as the database describes it.

    Attributes:
        name: Its name.
        said: Its comment, or "".
        readers: The letters of `READERS` that may read it.
        columns: Its columns with their comments, in order.
    """

    name: str
    said: str
    readers: tuple[str, ...]
    columns: tuple[tuple[str, str], ...]


def relations(connection: psycopg.Connection[Any]) -> dict[str, Relation]:
    """Returns the tables and views of schema `public` by name."""
    with connection.cursor(row_factory=tuple_row) as cursor:
        rows = cursor.execute(_RELATIONS, (list(READERS), list(READERS.values()))).fetchall()
    return {
        name: Relation(name, said or "", tuple(readers), tuple((column, text or "") for column, text in columns))
        for name, said, readers, columns in rows
    }


def is_word(said: str) -> bool:
    """Says whether a comment is a word that means the same everywhere.

    Example:
        >>> is_word("local day"), is_word("Its Monday.")
        (True, False)
    """
    return not said.endswith(".")


def pages() -> list[Path]:
    """Returns the pages that show what is in the database."""
    return [DOCS / "sql.md", *sorted((DOCS / "sql").glob("*.md"))]


def listed(texts: Iterable[str], kind: str = "views") -> list[str]:
    """Returns the names that pages list, in their order; `kind` is `views` or `tables`."""
    return [name for text in texts for found in _BLOCK.findall(text) if found[1] == kind for name in found[2].split()]


def filled(text: str, known: Mapping[str, Relation]) -> str:
    """Returns a page with its tables as the database describes them.

    Raises:
        UserError: The page names what is not in the database.
    """

    def block(found: re.Match[str]) -> str:
        begin, kind, names, end = found.groups()
        if kind == "words":
            return f"{begin}{_words(known.values())}{end}"
        if missing := [name for name in names.split() if name not in known]:
            message = (
                f"the database has no {missing[0]}, which a page lists: run `classpulse migrate`, or mend the page"
            )
            raise UserError(message)
        return f"{begin}{_table([known[name] for name in names.split()], kind)}{end}"

    return _BLOCK.sub(block, text)


def outdated(connection: psycopg.Connection[Any]) -> dict[Path, str]:
    """Returns the pages that say something else than the database, with what they should say."""
    known = relations(connection)
    wanted = {page: filled(page.read_text(), known) for page in pages()}
    return {page: text for page, text in wanted.items() if text != page.read_text()}


def _table(shown: list[Relation], kind: str) -> str:
    readers = ["readers"] if kind == "views" else []
    head = [kind.removesuffix("s"), *readers, "a row is" if kind == "views" else "", "columns"]
    lines = [head, ["---"] * len(head)]
    for relation in shown:
        said = [" ".join(relation.readers)] if kind == "views" else []
        row = printed(relation.said.removeprefix("A row is "))
        columns = ", ".join(name if is_word(text) else f"{name} ({printed(text)})" for name, text in relation.columns)
        lines.append([f"`{relation.name}`", *said, row, columns])
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _words(known: Iterable[Relation]) -> str:
    meant: dict[str, set[str]] = {}
    for relation in known:
        for name, text in relation.columns if relation.readers else ():
            if is_word(text):
                meant.setdefault(text, set()).add(name)
    rows = sorted((", ".join(f"`{name}`" for name in sorted(names)), printed(text)) for text, names in meant.items())
    return "| column | means |\n|---|---|\n" + "".join(f"| {names} | {text} |\n" for names, text in rows)


def printed(said: str) -> str:
    """Returns a comment as a page prints it: in small letters, without its full stop, with the signs that ASCII lacks.

    Example:
        >>> printed("A minute x scope, 0-100.")
        'a minute × scope, 0–100'
        >>> printed("DAU.")
        'DAU'
    """
    text = said.removesuffix(".")
    for plain, sign in _TYPOGRAPHY:
        text = re.sub(plain, sign, text)
    return text[0].lower() + text[1:] if text[1:2].islower() or text[1:2] == " " else text
