"""Runs the demo: history, then live until the time is over or somebody stops it, then the figures."""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from types import FrameType

import psycopg
from rich.console import Console
from rich.live import Live

from dataflows.errors import UserError
from dataflows.flows import names as flow_names
from dataflows.kafka.topics import CLICKSTREAM
from demo import lines, stats, steps, summary
from demo.stack import Stack, running
from demo.view import Status, render
from local.embedded_broker import NAME

REFRESH_S = 1.0
LINE_EVERY_S = 5.0
SETTLE_S = 15.0  # at the end: how long the flows may take to commit what was published
FRESH_S = 5.0
HISTORY_GIVES_UP_S = 300.0


class DemoError(UserError):
    """The demo could not go on; the message says why."""


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says.

    Attributes:
        rate: Events per second.
        seconds: How long it is live; `None` until somebody stops it.
    """

    rate: float
    seconds: float | None


@contextlib.contextmanager
def _stop_on_signals() -> Iterator[threading.Event]:
    """Yields what Ctrl-C, SIGTERM and a closed terminal set; a second Ctrl-C ends at once."""
    stopped = threading.Event()

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        if stopped.is_set():
            raise KeyboardInterrupt
        stopped.set()

    watched = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, on_signal) for number in watched}
    try:
        yield stopped
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def perform(options: Options, console: Console) -> tuple[summary.Summary, list[str]]:
    """Runs it all; returns the figures and the closing lines.

    Raises:
        DemoError: The workers or the feed ended by themselves.
    """
    began = time.monotonic()
    with _stop_on_signals() as stop:
        with running(options.rate, console) as stack:
            console.print(
                f"  [bold]{stack.page.address}[/]\n  the live page: a class as its teacher sees it",
                highlight=False,
                soft_wrap=True,
            )
            console.print(f"  look into it meanwhile: [cyan]{stack.way_in}[/]", highlight=False, soft_wrap=True)
            _history(stack, console, stop)
            started_s = time.monotonic() - began
            live_since = time.monotonic()
            if not stop.is_set():
                console.print(f"[green]✓[/] live after {started_s:.0f} s", highlight=False)
                (_on_terminal if console.is_terminal else _in_lines)(stack, console, options, stop)
            live_s = time.monotonic() - live_since
            figures = _finish(stack, live_s, started_s if stack.feed.live.is_set() else None)
            closing = summary.sentences(figures, stack.home)
        return figures, closing


def _history(stack: Stack, console: Console, stop: threading.Event) -> None:
    """Waits until the days before are in the database and the present is reached."""
    feed = stack.feed
    gives_up = time.monotonic() + HISTORY_GIVES_UP_S
    next_line, said = time.monotonic() + LINE_EVERY_S, ""
    with steps.bar(console) as bar:
        task = bar.add_task("back-filling", total=feed.expected)
        while not stop.wait(0.2):
            _check(stack)
            if feed.live.is_set() and feed.rate and (stack.reader.read().fresh_s or FRESH_S) < FRESH_S:
                break  # the first number of the present is in the tables
            done = stack.reader.stored(stack.settings.topic(CLICKSTREAM), len(flow_names()))
            total = max(done, feed.expected)
            stored = f"{done:,} of about {total:,} stored" if done else "the flows are starting"
            text = f"back-filling: {feed.records:,} events sent, {stored}"
            bar.update(task, description=text, completed=done, total=total)
            if not console.is_terminal and text != said and time.monotonic() > next_line:
                next_line, said = time.monotonic() + LINE_EVERY_S, text
                console.print(text, highlight=False)
            if time.monotonic() > gives_up:
                message = f"the back-fill takes longer than {HISTORY_GIVES_UP_S:.0f} s; see {stack.home.log}"
                raise DemoError(message)
    console.print(
        f"[green]✓[/] history: {feed.history:,} events of the last days, {feed.today:,} of the last minutes",
        highlight=False,
    )


def _on_terminal(stack: Stack, console: Console, options: Options, stop: threading.Event) -> None:
    with Live(console=console, screen=True, auto_refresh=False) as live:
        for left_s in _seconds(options, stop):
            snapshot = stack.reader.read()
            until = "Ctrl-C ends it" if left_s is None else f"ends in {left_s:.0f} s, or with Ctrl-C"
            status = Status(
                sent=stack.feed.sent,
                rate=stack.feed.rate,
                hint=f" {stack.page.address}   {until}   {_dashboards(stack)}{stack.way_in}",
            )
            live.update(render(snapshot, status, console.height), refresh=True)
            _check(stack)


def _dashboards(stack: Stack) -> str:
    grafana = stack.dashboards
    return f"Grafana {grafana.address}   " if grafana is not None and not grafana.failed else ""


def _in_lines(stack: Stack, console: Console, options: Options, stop: threading.Event) -> None:
    next_line = 0.0
    for _ in _seconds(options, stop):
        _check(stack)
        if time.monotonic() >= next_line:
            next_line = time.monotonic() + LINE_EVERY_S
            status = Status(sent=stack.feed.sent, rate=stack.feed.rate)
            console.print(lines.line(stack.reader.read(), status), highlight=False, markup=False, soft_wrap=True)


def _seconds(options: Options, stop: threading.Event) -> Iterator[float | None]:
    """Yields once a second how many seconds are left, until none is or somebody stops it."""
    began = time.monotonic()
    while not stop.is_set():
        left = None if options.seconds is None else options.seconds - (time.monotonic() - began)
        if left is not None and left <= 0:
            return
        drawn = time.monotonic()
        yield left
        pause = REFRESH_S - (time.monotonic() - drawn)
        stop.wait(max(0.05, pause if left is None else min(pause, left)))


def _finish(stack: Stack, live_s: float, started_s: float | None) -> summary.Summary:
    """Lets the flows commit what was published, ends them, and counts."""
    stack.feed.stop()
    gives_up = time.monotonic() + SETTLE_S
    while stack.feed.live.is_set() and _unread(stack) and time.monotonic() < gives_up:
        _check(stack)
        time.sleep(0.05)
    stack.workers.stop()
    with psycopg.connect(stack.server.url, autocommit=True) as connection:
        # opened again later, "now" is the moment at which the demo ended, and nobody went offline meanwhile
        connection.execute("ALTER DATABASE classpulse SET classpulse.clock = 'data'")
        rows = summary.count_rows(connection)
        return summary.Summary(
            events_in=stack.feed.sent,
            events_rejected=rows["dead_letters"],
            rows=rows,
            freshness=stats.read(stack.home.stats),
            database=summary.kind(connection),
            broker=NAME,
            live_s=live_s,
            started_s=started_s,
            history=stack.feed.history,
            live_page=stack.page.address,
        )


def _unread(stack: Stack) -> int:
    return stack.reader.unread(stack.feed.records, stack.settings.topic(CLICKSTREAM), len(flow_names()))


def _check(stack: Stack) -> None:
    stack.workers.check()
    if stack.feed.error is not None:
        message = f"the simulator ended: {stack.feed.error!r}"
        raise DemoError(message) from stack.feed.error
