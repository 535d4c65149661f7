"""`migrate` meets what others have built on our views: it stays, or it is named."""

from __future__ import annotations

import psycopg
import pytest

from db import repeatable
from db.migrate import migrate
from db.target import Kind, UnsuitableDatabaseError


def run(url: str, *statements: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def value(url: str, query: str) -> object:
    with psycopg.connect(url) as connection:
        row = connection.execute(query.encode()).fetchone()
        return None if row is None else row[0]


def reshape(monkeypatch: pytest.MonkeyPatch, view: str, column: str) -> None:
    """Gives a view of ours another first column, which CREATE OR REPLACE refuses."""
    usual = repeatable.scripts

    def scripts(kind: Kind, values: dict[str, str]) -> list[str]:
        opening = f"CREATE OR REPLACE VIEW {view} WITH (security_barrier) AS\nSELECT "
        texts = usual(kind, values)
        assert any(opening in text for text in texts)
        return [text.replace(opening, f"{opening}1 AS {column}, ") for text in texts]

    monkeypatch.setattr(repeatable, "scripts", scripts)


MINE = (
    "CREATE SCHEMA reporting",
    "CREATE VIEW reporting.top AS SELECT page_url, views FROM top_pages",
    "CREATE VIEW reporting.first AS SELECT * FROM reporting.top",
    "CREATE FUNCTION reporting.pages() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(*) FROM top_pages; END",
)


def test_a_view_of_ours_that_changes_its_shape_names_what_stands_on_it_and_whose_and_changes_nothing(
    any_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    migrate(any_database)
    run(any_database, *MINE)
    owner = value(any_database, "SELECT current_user")
    reshape(monkeypatch, "top_pages", "rank")
    with pytest.raises(UnsuitableDatabaseError) as refusal:
        migrate(any_database)
    text = str(refusal.value)
    assert f"view reporting.top of {owner}, which stands on view top_pages" in text
    assert "view reporting.first" in text
    assert "function reporting.pages() of" in text
    assert "classpulse migrate" in text
    assert value(any_database, "SELECT count(*) FROM reporting.first") == 0
    assert value(any_database, "SELECT count(*) FROM pg_attribute WHERE attname = 'rank'") == value(
        any_database, "SELECT count(*) FROM pg_attribute WHERE attname = 'rank' AND attrelid <> 'top_pages'::regclass"
    )

    run(any_database, "DROP SCHEMA reporting CASCADE")
    assert migrate(any_database).views_applied
    assert value(any_database, "SELECT count(rank) FROM top_pages") == 0


def test_where_shapes_stay_others_views_stay(any_database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    migrate(any_database)
    run(any_database, *MINE)
    usual = repeatable.scripts
    monkeypatch.setattr(repeatable, "scripts", lambda kind, values: [*usual(kind, values), "-- changed"])
    assert migrate(any_database).views_applied
    assert value(any_database, "SELECT count(*) FROM reporting.first") == 0


def test_a_view_of_ours_that_is_gone_is_not_taken_from_under_others(
    any_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = repeatable.scripts
    extra = "CREATE OR REPLACE VIEW short_lived AS SELECT 1 AS one;"
    monkeypatch.setattr(repeatable, "scripts", lambda kind, values: [*usual(kind, values), extra])
    migrate(any_database)
    run(any_database, "CREATE VIEW mine AS SELECT one FROM short_lived")
    monkeypatch.setattr(repeatable, "scripts", usual)
    with pytest.raises(UnsuitableDatabaseError, match="view mine of .*, which stands on view short_lived"):
        migrate(any_database)
    assert value(any_database, "SELECT one FROM mine") == 1
