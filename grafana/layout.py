"""Panels on the 24-column grid, numbered in reading order."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from grafana_foundation_sdk.builders.dashboard import Dashboard
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models.dashboard import GridPos, Panel

COLUMNS: Final = 24


class Shelf:
    """One row of panels of equal height.

    Attributes:
        height: in grid units of about 38 pixels.
        panels: widths and builders.
    """

    def __init__(self, height: int, *panels: tuple[int, Builder[Panel]]) -> None:
        """Makes a row.

        Raises:
            ValueError: the row is wider than the grid.
        """
        total = sum(width for width, _ in panels)
        if total > COLUMNS:
            message = f"a row of {total} columns does not fit on {COLUMNS}"
            raise ValueError(message)
        self.height = height
        self.panels = panels


def place(board: Dashboard, shelves: Iterable[Shelf]) -> Dashboard:
    """Adds the shelves to the board from the top, giving each panel its id (1, 2, …) and place."""
    number, y = 0, 0
    for shelf in shelves:
        x = 0
        for width, builder in shelf.panels:
            number += 1
            panel = builder.build()
            panel.id_val = number
            panel.grid_pos = GridPos(h=shelf.height, w=width, x=x, y=y)
            board.with_panel(_Placed(panel))
            x += width
        y += shelf.height
    return board


class _Placed(Builder[Panel]):
    """A panel that is built already, as the board's builder wants it."""

    def __init__(self, panel: Panel) -> None:
        self._panel = panel

    def build(self) -> Panel:
        return self._panel
