"""A migrated database."""

from __future__ import annotations

import pytest


@pytest.fixture
def database(migrated_postgres: str) -> str:
    """A migrated database on plain PostgreSQL; what differs on TimescaleDB is tested in tests/e2e."""
    return migrated_postgres
