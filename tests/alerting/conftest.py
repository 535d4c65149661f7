"""An empty school on each kind of database."""

from __future__ import annotations

import pytest

from tests.alerting.lessons import clock
from tests.grafana.conftest import School


@pytest.fixture
def school(migrated_any: str) -> School:
    """A migrated database without a row but for the clock."""
    found = School(migrated_any)
    clock(found)
    return found
