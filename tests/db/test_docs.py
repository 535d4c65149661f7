"""docs/sql.md says what is there."""

from __future__ import annotations

import re
from pathlib import Path

from tests.db.conftest import Database

PAGE = Path(__file__).parents[2] / "docs" / "sql.md"
LETTERS = {"t": "classpulse_reader_teacher", "s": "classpulse_reader_school", "o": "classpulse_reader_ops"}


def documented() -> dict[str, tuple[str, list[str]]]:
    """Returns the views of the page: readers' letters and columns."""
    found = {}
    pages = [PAGE, *sorted(PAGE.parent.glob("flows/*.md"))]
    for line in "\n".join(path.read_text() for path in pages).splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 4 and re.fullmatch(r"[tso ]+", cells[1]):
            columns = re.sub(r"\([^)]*\)", "", cells[3]).split(",")
            for name in re.findall(r"`(\w+)`", cells[0]):
                found[name] = (cells[1], [column.strip() for column in columns])
    return found


def test_the_page_lists_every_view_with_its_columns_and_readers(database: Database) -> None:
    page = documented()
    for view, (letters, columns) in page.items():
        attributes = "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 ORDER BY attnum"
        names = [name for (name,) in database.values(attributes, view)]
        assert names == columns, view
        for letter, role in LETTERS.items():
            granted = database.value("SELECT has_table_privilege(%s, %s, 'SELECT')", role, view)
            assert granted == (letter in letters), (view, role)
    readable = {
        name
        for (name,) in database.values(
            "SELECT DISTINCT table_name FROM information_schema.role_table_grants WHERE grantee ~ '^classpulse_reader'"
        )
    }
    assert readable == set(page)


def test_every_example_of_the_page_runs_for_a_teacher(database: Database) -> None:
    blocks = re.findall(r"```sql\n(.*?)```", PAGE.read_text(), re.DOTALL)
    queries = [query for block in blocks for query in block.split(";") if query.strip()]
    assert len(queries) > 10
    database.connection.execute("SET ROLE classpulse_reader_teacher")
    for query in queries:
        database.connection.execute(query.encode())
