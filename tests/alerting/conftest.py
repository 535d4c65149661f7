"""An empty school on each kind of database."""

from __future__ import annotations

import pytest

from db.migrate import migrate
from tests.alerting.lessons import clock
from tests.grafana.conftest import School
from tests.jobs import stop_jobs


@pytest.fixture
def school(any_database: str) -> School:
    """A migrated database without a row but for the clock."""
    migrate(any_database)
    stop_jobs(any_database)
    found = School(any_database)
    clock(found)
    return found
