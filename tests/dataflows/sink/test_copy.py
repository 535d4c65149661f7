"""Any text comes through COPY as it was."""

from __future__ import annotations

import polars as pl
import psycopg
import pytest

from dataflows.sink.tables import TABLES
from dataflows.sink.writer import _stage, to_csv
from tests.e2e.poison import CONTROL

TEXTS = [*CONTROL, "", None, "\n\\.\n", "\\.\n", "\n\\.", "a\n\\.\n\\.\nb", "\\", "\\\\n", "\\x41", "é\U0001f600"]


@pytest.mark.parametrize("texts", [TEXTS, ["plain", "a\nb", None]], ids=["with a line of an end mark", "without"])
def test_any_text_comes_through_as_it_was(database: str, texts: list[str | None]) -> None:
    frame = pl.DataFrame(
        {"detected_at": [n * 1000 for n in range(len(texts))], "kind": texts, "subject_id": texts},
        schema={"detected_at": pl.Datetime("ms"), "kind": pl.String, "subject_id": pl.String},
    )
    with psycopg.connect(database) as connection, connection.cursor() as cursor:
        stage = _stage(cursor, TABLES["anomalies"], frame.columns, to_csv(frame))
        cursor.execute(f"SELECT kind, subject_id FROM {stage} ORDER BY detected_at")
        assert cursor.fetchall() == [(text, text) for text in texts]
