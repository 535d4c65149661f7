"""docs/sql.md and docs/sql/*.md say what is there, and so does `\\d+`."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner

from cli.main import app
from dataflows.settings import Settings
from db import documentation, repeatable
from db.access.table import table
from db.ageing import TIMES
from db.migrate import migrate
from db.values import sql_values
from tests.db.conftest import Database

FLOW_PAGES = sorted((documentation.DOCS / "flows").glob("*.md"))
READABLE = "SELECT DISTINCT table_name FROM information_schema.role_table_grants WHERE grantee ~ '^classpulse_reader'"
HOW = "name each view once in a `<!-- views: ... -->` of docs/sql/*.md and run `classpulse docs build`"
ROLES = {"": "classpulse_reader_teacher", "operators": "classpulse_reader_ops"}  # of examples; others are the owner's


def texts() -> list[str]:
    return [page.read_text() for page in documentation.pages()]


def documented(pages: Sequence[Path] = (*documentation.pages(), *FLOW_PAGES)) -> dict[str, tuple[str, list[str]]]:
    """Returns the views of the pages: readers' letters and columns."""
    found: dict[str, tuple[str, list[str]]] = {}
    for line in "\n".join(path.read_text() for path in pages).splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 4 and re.fullmatch(r"[tcso ]+", cells[1]):
            columns = re.sub(r"\([^()]*\)", "", re.sub(r"\([^()]*\)", "", cells[3])).split(",")
            found |= {name: (cells[1], [c.strip() for c in columns]) for name in re.findall(r"`(\w+)`", cells[0])}
    return found


def test_the_pages_say_what_the_database_says_of_everything(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", database.url)
    done = CliRunner().invoke(app, ["docs", "build", "--check"])
    assert done.exit_code == 0, done.output

    views, tables = documentation.listed(texts()), documentation.listed(texts(), "tables")
    assert not [name for name, times in Counter([*views, *tables]).items() if times > 1]
    readable = {name for (name,) in database.values(READABLE)}
    assert readable == {*views, *documented(FLOW_PAGES)} == set(documented()), HOW

    known = documentation.relations(database.connection)
    for name in [*views, *tables]:
        assert known[name].said, f"COMMENT ON VIEW or TABLE {name} is missing"
        assert not [column for column, said in known[name].columns if not said], f"columns of {name} without a comment"
    for view, (letters, columns) in documented(FLOW_PAGES).items():
        assert [name for name, _ in known[view].columns] == columns, view
        assert " ".join(known[view].readers) == letters, view


def test_every_example_runs_for_whom_it_is_and_a_comment_that_is_no_longer_said_goes(database: Database) -> None:
    found = [block for text in texts() for block in re.findall(r"```sql ?(\w*)\n(.*?)```", text, re.DOTALL)]
    assert len(found) > 10
    owner = database.value("SELECT current_user")
    for reader, block in found:
        database.connection.execute(f"SET ROLE {ROLES.get(reader, owner)}".encode())
        for query in filter(str.strip, block.split(";")):
            database.connection.execute(query.encode())

    older = f"SET ROLE {owner}; COMMENT ON COLUMN active_now.scope_id IS 'An older sentence.'"
    database.connection.execute(older.encode())
    kind = database.value("SELECT kind FROM schema_state")
    with psycopg.connect(database.url) as connection:
        repeatable.apply(connection, repeatable.scripts(kind, sql_values(Settings())), [])
    said = dict(documentation.relations(database.connection)["active_now"].columns)
    assert said["scope_id"].startswith("which one")
    assert said["engagement_score"] == "Mean of those present, 0-100."


ABOVE = """
WITH RECURSIVE edges AS (
    SELECT DISTINCT d.refobjid AS below, r.ev_class AS above
    FROM pg_depend d JOIN pg_rewrite r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid
    WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid <> r.ev_class
), found AS (
    SELECT %s::regclass::oid AS oid UNION SELECT e.above FROM found f JOIN edges e ON e.below = f.oid
)
SELECT oid::regclass::text FROM found
"""


def test_the_page_says_of_every_table_that_ages_which_views_stand_on_it(postgres_url: str) -> None:
    migrate(postgres_url)  # on TimescaleDB aggregates and summaries stand between: tables of their own
    section = (
        (documentation.DOCS / "sql" / "tables.md")
        .read_text()
        .partition("## How far back views go")[2]
        .partition("\n## ")[0]
    )
    said = {}
    for line in section.splitlines():
        cells = line.strip("|").split("|")
        if found := re.match(r" `(\w+)`", cells[0]):
            said[found[1]] = set(re.findall(r"`(\w+)`", cells[2] + cells[3])) & documented().keys()
    assert said.keys() == TIMES.keys()
    with psycopg.connect(postgres_url) as connection:
        for table, views in said.items():
            above = {name for (name,) in connection.execute(ABOVE, (table,))}
            assert views == above & documented().keys(), table


def test_the_page_of_access_has_the_rules_of_every_view() -> None:
    page = (documentation.DOCS / "access.md").read_text()
    assert page.endswith(f"<!-- rules -->\n{table()}\n"), "paste what `classpulse access rules` prints"
