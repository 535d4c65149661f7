"""Progress of a long command: a bar on a terminal, a plain line every few seconds elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import Final, Self

LINE_EVERY_S: Final = 5.0


class Progress:
    """Shows how far a command has come, on standard error.

    Example:
        >>> with Progress("publishing", total=10) as progress:
        ...     progress.at(10)
    """

    def __init__(self, what: str, total: float | None = None, unit: str = "events", *, every_s: float = 0.0) -> None:
        """Prepares the display.

        Args:
            what: What is going on.
            total: How much there is to do; None is an open end.
            unit: What is counted.
            every_s: How often `is_due` says so.
        """
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar

        self._what, self._total, self._unit, self._every_s = what, total, unit, every_s
        console = Console(stderr=True)
        self._bar = (
            Bar(
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TextColumn(unit),
                TextColumn("{task.fields[note]}"),
                TimeElapsedColumn(),
                TimeRemainingColumn(),
                console=console,
                transient=True,
            )
            if console.is_terminal
            else None
        )
        self._task = self._bar.add_task(what, total=total, note="") if self._bar else None
        self._shown = self._asked = time.monotonic()

    def __enter__(self) -> Self:
        """Starts the display."""
        if self._bar:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Ends the display."""
        if self._bar:
            self._bar.stop()

    @property
    def say(self) -> Callable[[str], None] | None:
        """What prints a line above the bar; None off a terminal, where lines go their own way."""
        bar = self._bar
        if bar is None:
            return None
        return lambda line: bar.console.print(line, markup=False, highlight=False, soft_wrap=True)

    def of(self, done: float, total: float) -> None:
        """Shows that `done` of `total` is done."""
        self.at(done, total=total)

    def is_due(self) -> bool:
        """Whether it is time to find out how much is done, where that costs something."""
        due = time.monotonic() - self._asked >= self._every_s
        if due:
            self._asked = time.monotonic()
        return due

    def at(self, done: float, note: str = "", *, total: float | None = None) -> None:
        """Shows that `done` is done; `total` where it is known by now."""
        self._total = total or self._total
        if self._bar and self._task is not None:
            self._bar.update(self._task, completed=done, note=note, total=self._total)
        elif time.monotonic() - self._shown >= LINE_EVERY_S:
            self._shown = time.monotonic()
            of = f" of {self._total:,.0f}" if self._total else ""
            sys.stderr.write(f"{self._what}: {done:,.0f}{of} {self._unit} {note}".rstrip() + "\n")
            sys.stderr.flush()
