"""An empty school, on TimescaleDB; on plain PostgreSQL the backtests ask the rules, and `make soak` these tests."""

from __future__ import annotations

import pytest

from tests.alerting.lessons import clock
from tests.grafana.conftest import School


@pytest.fixture
def school(migrated_either: str) -> School:
    """A migrated database without a row but for the clock."""
    found = School(migrated_either)
    clock(found)
    return found
