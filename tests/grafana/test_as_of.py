"""Every board says as of when its numbers are: the clock of the flow that they come from."""

from __future__ import annotations

import pytest

from grafana.committed import boards
from tests.grafana.conftest import School
from tests.grafana.known_day import NOW
from tests.grafana.known_term import MONTH


@pytest.mark.parametrize("board", sorted(boards()))
def test_as_of_is_the_lowest_watermark_of_the_boards_flow(term: School, board: str) -> None:
    assert [tuple(row) for row in term.on(board, "As of", MONTH, student=["ann"])] == [(NOW,)]
