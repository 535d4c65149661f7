"""The live terminal view: counters, the trend of ten minutes, the classes, the latest events. 80x24 and larger."""

from __future__ import annotations

from dataclasses import dataclass

from rich.align import Align
from rich.console import Group, RenderableType
from rich.layout import Layout
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from demo import colours
from demo.bars import columns, gauge
from demo.reader import Headcount, Latest, Minute, Snapshot

WIDTH_MIN, HEIGHT_MIN = 80, 24
TITLE_ROWS, TILE_ROWS, FOOTER_ROWS, FRAME_ROWS = 1, 4, 1, 2


@dataclass(frozen=True, slots=True)
class Status:
    """What the demo itself knows beside the database.

    Attributes:
        sent: Events published so far.
        rate: Events per second over the last seconds.
        hint: The line at the foot.
    """

    sent: int = 0
    rate: float = 0.0
    hint: str = ""


def render(snapshot: Snapshot, status: Status, height: int) -> Layout:
    """Returns the whole screen for a terminal of `height` rows."""
    body = max(height, HEIGHT_MIN) - TITLE_ROWS - TILE_ROWS - FOOTER_ROWS
    trend_rows = max(7, body // 3)
    list_rows = body - trend_rows - FRAME_ROWS
    screen = Layout()
    screen.split_column(
        Layout(_title(snapshot, status), name="title", size=TITLE_ROWS),
        Layout(_tiles(snapshot, status), name="tiles", size=TILE_ROWS),
        Layout(_trend(snapshot.trend, trend_rows - FRAME_ROWS - 1), name="trend", size=trend_rows),
        Layout(name="lists"),
        Layout(Text(status.hint, style=colours.QUIET, no_wrap=True, overflow="ellipsis"), size=FOOTER_ROWS),
    )
    screen["lists"].split_row(
        Layout(_classes(snapshot.classes, list_rows - 1), ratio=11),
        Layout(_feed(snapshot.latest, list_rows), ratio=10),
    )
    return screen


def _title(snapshot: Snapshot, status: Status) -> RenderableType:
    left = Text.assemble((" ClassPulse ", colours.ACCENT), f"  {snapshot.read_at:%a %H:%M:%S} UTC")
    engagement = next((flow for flow in snapshot.flows if flow.name == "engagement"), None)
    late, rejected = (engagement.late, engagement.rejected) if engagement else (0, 0)
    fresh = "–" if snapshot.fresh_s is None else f"{snapshot.fresh_s:.1f} s"
    right = Text.assemble(
        (f"{late:,} late  ", colours.QUIET),
        (f"{rejected:,} rejected  ", colours.QUIET),
        ("● ", colours.freshness(snapshot.fresh_s)),
        f"fresh {fresh} ",
    )
    row = Table.grid(expand=True)
    row.add_column(no_wrap=True)
    row.add_column(justify="right", no_wrap=True)
    row.add_row(left, right)
    return row


def _tiles(snapshot: Snapshot, status: Status) -> RenderableType:
    school = snapshot.school
    score = "–" if school.score is None else f"{school.score:.0f}"
    present = school.active + school.idle
    share = f"{100 * school.idle / present:.0f} % of seen" if present else "nobody seen"
    tiles = [
        _tile("active now", f"{school.active:,}", f"of {school.enrolled:,}", colours.ACTIVE),
        _tile("idle", f"{school.idle:,}", share, colours.IDLE),
        _tile("absent", f"{school.absent:,}", "of the roster" if school.absent else "all here", colours.ABSENT),
        _tile("engagement", score, "of 100", colours.engagement(school.score)),
        _tile("events/s", f"{status.rate:,.0f}", f"{status.sent:,}", "deep_sky_blue1"),
    ]
    row = Table.grid(expand=True, padding=0)
    for _ in tiles:
        row.add_column(ratio=1)
    row.add_row(*tiles)
    return row


def _tile(label: str, number: str, below: str, colour: str) -> Panel:
    lines = Group(
        Align.center(Text(number, style=f"bold {colour}")),
        Align.center(Text(below, style=colours.QUIET, no_wrap=True)),
    )
    return Panel(lines, title=f"[{colour}]{label}[/]", border_style=colours.QUIET, padding=0, height=TILE_ROWS)


def _trend(minutes: list[Minute], rows: int) -> Panel:
    return Panel(
        columns(minutes, rows),
        title="active students, five-minute windows  [green3]█ final[/] [green4]▒ may still change[/]",
        title_align="left",
        border_style=colours.QUIET,
        padding=(0, 1),
    )


def _classes(classes: list[Headcount], rows: int) -> Panel:
    """Lists the classes that need somebody first: lowest engagement on top, empty ones last."""
    ranked = sorted(classes, key=lambda one: (one.score is None, one.score or 0.0, one.name))
    table = Table(expand=True, box=None, padding=(0, 1, 0, 0), header_style=colours.QUIET)
    table.add_column("class", no_wrap=True)
    for name in ("active", "idle", "absent"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("engagement", no_wrap=True)
    for one in ranked[: max(rows, 0)]:
        colour = colours.engagement(one.score)
        table.add_row(
            Text(one.name, style=f"bold {colour}"),
            Text(f"{one.active}", style=colours.ACTIVE),
            Text(f"{one.idle}", style=colours.IDLE if one.idle else colours.QUIET),
            Text(f"{one.absent}", style=colours.ABSENT),
            gauge(one.score, colour),
        )
    count = f"lowest {min(rows, len(ranked))} of {len(ranked)}" if len(ranked) > rows else f"{len(ranked)}"
    return Panel(table, title=f"classes, {count}", title_align="left", border_style=colours.QUIET, padding=(0, 1))


def _did(event: Latest) -> Text:
    """Returns what a student did, in the colour of its kind, and where."""
    return Text.assemble((event.did, colours.event(event.name)), (f"  {event.place}", colours.QUIET))


def _feed(latest: list[Latest], rows: int) -> Panel:
    table = Table.grid(expand=True, padding=(0, 1, 0, 0))
    table.add_column(no_wrap=True, style=colours.QUIET)
    table.add_column(no_wrap=True, ratio=3, overflow="ellipsis")
    table.add_column(no_wrap=True, ratio=4, overflow="ellipsis")
    table.add_column(no_wrap=True, style=colours.QUIET)
    for event in latest[:rows]:
        table.add_row(f"{event.at:%H:%M:%S}", event.who, _did(event), event.class_id)
    return Panel(table, title="latest events", title_align="left", border_style=colours.QUIET, padding=(0, 1))
