"""`classpulse lake sql`: a query sees events and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from dataflows.errors import UserError
from dataflows.lake.query import ask, checked
from dataflows.lake.store import Store
from dataflows.sink.connection import connect
from tests.dataflows.lake.lakes import day_of, fill, settings_of


@pytest.mark.parametrize(
    "sql",
    [
        "",
        "SELECT 1; SELECT 2",
        "DROP TABLE events",
        "COPY events TO '/tmp/x.csv'",
        "ATTACH 'x.db'",
        "SELEC",
        "SET threads = 1",
    ],
)
def test_only_one_query_is_let_through(sql: str) -> None:
    with pytest.raises(UserError):
        checked(sql)


def test_a_query_reads_no_other_file_and_an_empty_lake_has_no_rows(migrated_postgres: str, tmp_path: Path) -> None:
    settings = settings_of(migrated_postgres, tmp_path / "it's lake")
    secret = tmp_path / "secret.csv"
    secret.write_text("a\n1\n")
    with connect(migrated_postgres, "test") as connection:
        store = Store(settings)
        assert ask(connection, store, "SELECT count(*) FROM events")[1] == [(0,)]
        fill(settings, day_of(50))
        assert ask(connection, store, "SELECT count(*) FROM events")[1] == [(50,)]
        assert len(ask(connection, store, "FROM events", 7)[1]) == 7
        for query in (
            f"FROM '{secret}'",
            "SELECT * FROM read_text('/etc/passwd')",
            "FROM glob('/*')",
            "SELECT nothing",
        ):
            with pytest.raises(UserError):
                ask(connection, store, query)
