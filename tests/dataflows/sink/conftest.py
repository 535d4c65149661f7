"""A migrated database."""

from __future__ import annotations

import pytest

from db.migrate import migrate


@pytest.fixture
def database(postgres_url: str) -> str:
    """A migrated database on plain PostgreSQL; what differs on TimescaleDB is tested in tests/e2e."""
    migrate(postgres_url)
    return postgres_url
