"""A joined table as the database has it."""

from __future__ import annotations

import psycopg

from dataflows.operators.columns import Columns
from dataflows.operators.join import AsOf, Join, from_database

CREATE = """
CREATE TABLE homes (student_id text, class_id text, enrolled_at timestamptz, left_at timestamptz);
INSERT INTO homes VALUES ('ann', '7A', NULL, '2026-09-01 08:00:00.5Z'), ('ann', '7B', '2026-09-01 08:00:00.5Z', NULL),
                         ('bob', NULL, NULL, NULL), (NULL, '7C', NULL, NULL);
"""
AT = 1_788_249_600_500  # 2026-09-01 08:00:00.5 UTC


def test_a_table_is_read_with_its_history_and_joined_as_of_event_time(postgres_url: str) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(CREATE.encode())
    join = Join("homes", "student_id", {"home": "class_id"}, since="enrolled_at", until="left_at")
    rows = list(from_database(postgres_url)(join))
    said = [{"t": AT - 1, "who": "ann"}, {"t": AT, "who": "ann"}, {"t": AT, "who": "bob"}, {"t": AT, "who": "cid"}]
    home = AsOf(["home"], rows).join(Columns.of(said, texts=["who"]), "who").texts["home"]
    assert [home.values[code] for code in home.codes.tolist()] == ["7A", "7B", None, None]
    without = list(from_database(postgres_url)(Join("homes", "student_id", {"home": "class_id"})))
    assert {row[1:3] for row in without} == {(None, None)}
