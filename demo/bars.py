"""Bars drawn with block characters, in eighths of a cell."""

from __future__ import annotations

from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from demo import colours
from demo.reader import Minute

EIGHTHS = " ▁▂▃▄▅▆▇█"
GAUGE_CELLS = 8


def cell(value: float, top: float, row: int, rows: int) -> int:
    """Returns how many eighths of the cell in `row` (0 = lowest) a bar of `value` fills.

    Example:
        >>> [cell(50, 100, row, 4) for row in range(4)]
        [8, 8, 0, 0]
    """
    filled = round(value / top * rows * 8) if top > 0 else 0
    return max(0, min(8, filled - row * 8))


def gauge(score: float | None, colour: str) -> Text:
    """Returns a bar of 0-100 with its number."""
    if score is None:
        return Text("nobody there", style=colours.QUIET)
    full = max(0, min(GAUGE_CELLS, round(score / 100 * GAUGE_CELLS)))
    return Text.assemble(("█" * full, colour), ("░" * (GAUGE_CELLS - full), "grey30"), (f" {score:3.0f}", colour))


class Columns:
    """Minutes as columns that fill the width they are given, each with its count above and its time below."""

    def __init__(self, minutes: list[Minute], rows: int) -> None:
        """Takes the minutes, oldest first, and the height without the line of times."""
        self.minutes = minutes
        self.rows = max(1, rows)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draws row by row, from the top."""
        if not self.minutes:
            return
        each, rest = divmod(options.max_width, len(self.minutes))
        widths = [max(3, each + (place < rest)) for place in range(len(self.minutes))]
        tallest = max(minute.active_5m for minute in self.minutes)
        bar_rows = max(1, self.rows - 1)
        for row in range(bar_rows, -1, -1):
            line = Text(no_wrap=True)
            for minute, width in zip(self.minutes, widths, strict=True):
                colour = "green3" if minute.is_final else "green4"
                line.append(self._cell(minute, tallest, row, bar_rows, width), style=colour)
            yield line
        times = Text(no_wrap=True, style=colours.QUIET)
        for minute, width in zip(self.minutes, widths, strict=True):
            times.append(_centred(f"{minute.start:%H:%M}", width))
        yield times

    @staticmethod
    def _cell(minute: Minute, tallest: int, row: int, bar_rows: int, width: int) -> str:
        """Returns one minute's piece of a row: the bar, its count on top of it, or nothing."""
        eighths = cell(minute.active_5m, tallest, row, bar_rows) if row < bar_rows else 0
        below = cell(minute.active_5m, tallest, row - 1, bar_rows) if row else 8
        if not eighths and below and (row == 0 or minute.active_5m):
            return _centred(f"{minute.active_5m:,}", width)
        block = EIGHTHS[eighths] if minute.is_final or not eighths else "▒"
        return block * (width - 1) + " "


def _centred(text: str, width: int) -> str:
    """Returns a text in a column of `width`, whose last cell is the gap to the next."""
    return text.center(width - 1)[: width - 1] + " "


def columns(minutes: list[Minute], rows: int) -> Columns:
    """Returns the trend as columns of `rows` rows."""
    return Columns(minutes, rows)
