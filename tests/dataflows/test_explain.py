"""Errors in words: what the surroundings did, and never a mistake of our own."""

from __future__ import annotations

import psycopg
import pytest

from dataflows.errors import Exit
from dataflows.explain import explain


def test_an_address_that_cannot_be_read_is_said_without_its_password() -> None:
    with pytest.raises(psycopg.ProgrammingError) as caught:
        psycopg.connect("postgresql://ann:secret@127.0.0.1:1/x?nonsense=1")
    found = explain(caught.value)
    assert found is not None
    assert (found.code, found.text[:28]) == (Exit.REFUSED, "DATABASE_URL cannot be read.")
    assert "secret" not in found.text


def test_a_mistake_of_ours_in_a_statement_is_no_fault_of_the_address(postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as connection, pytest.raises(psycopg.ProgrammingError) as caught:
        connection.execute("SELECT %s", ())
    assert explain(caught.value) is None
