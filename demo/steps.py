"""What a demo says while it starts: a bar with what is going on now, and a line for each part that is there."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from types import TracebackType
from typing import Final, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from demo import colours

ACCENT: Final = "deep_sky_blue1"


class Steps:
    """The parts of a start, one after another; without a terminal just the lines."""

    def __init__(self, console: Console, count: int) -> None:
        """Prepares the display of so many steps."""
        self._console = console
        self._bar = bar(console)
        self._task: TaskID = self._bar.add_task("starting", total=count)

    def __enter__(self) -> Self:
        """Says what begins."""
        self._console.print(
            f"[{colours.ACCENT}] ClassPulse [/] a school at work, from events to live numbers, on this machine"
        )
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Ends the display; the lines stay."""
        self._bar.stop()

    @contextlib.contextmanager
    def step(self, doing: str) -> Iterator[None]:
        """Shows what is going on, for as long as it does."""
        self._bar.update(self._task, description=doing)
        yield
        self._bar.advance(self._task)

    def say(self, text: str) -> None:
        """Says in a line what is there now; rich markup."""
        self._bar.console.print(f"[green]✓[/] {text}", highlight=False, soft_wrap=True)


def bar(console: Console) -> Progress:
    """Returns a bar that goes when it is done, and that is nothing without a terminal."""
    return Progress(
        SpinnerColumn(style=ACCENT),
        BarColumn(bar_width=24, complete_style=ACCENT, finished_style="green"),
        TextColumn("{task.description}"),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
