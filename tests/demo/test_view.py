"""The live view fits small terminals, says what it shows, and its colours mean something."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from rich.console import Console

from demo import colours
from demo.bars import cell, gauge
from demo.lines import line
from demo.reader import Flow, Headcount, Latest, Minute, Snapshot
from demo.view import Status, render

NOW = datetime(2026, 3, 2, 10, 0, 30, tzinfo=UTC)


def picture(classes: int = 12) -> Snapshot:
    return Snapshot(
        read_at=NOW,
        school=Headcount("all", active=812, idle=188, enrolled=1100, absent=100, score=63.4),
        classes=[
            Headcount(f"{5 + n // 4}{'ABCD'[n % 4]}", 20 - n, n, 30, 2, float(90 - 7 * n)) for n in range(classes)
        ],
        trend=[Minute(NOW - timedelta(minutes=10 - n), 300 + 10 * n, 900, n < 9) for n in range(11)],
        latest=[
            Latest(
                NOW, "Mira Klein", "quiz_submit", "Handed in a quiz", "7B", "Fractions", NOW - timedelta(seconds=0.8)
            )
        ]
        * 40,
        flows=[Flow("engagement", NOW, 1.2, 3, 12)],
    )


def drawn(snapshot: Snapshot, width: int, height: int) -> list[str]:
    console = Console(width=width, height=height, force_terminal=True, color_system=None)
    with console.capture() as captured:
        console.print(render(snapshot, Status(sent=12345, rate=502.0, hint="psql here"), height))
    return captured.get().splitlines()


@pytest.mark.parametrize(("width", "height"), [(80, 24), (100, 30), (132, 43), (220, 60)])
def test_everything_is_on_the_screen_in_every_size(width: int, height: int) -> None:
    screen = drawn(picture(), width, height)
    text = "\n".join(screen)
    assert len(screen) == height
    assert all(len(row) <= width for row in screen)
    for words in ("active now", "812", "188", "100", "63", "502", "10:00", "400", "Mira", "Handed", "psql here"):
        assert words in text, words


def test_the_class_that_needs_somebody_stands_on_top() -> None:
    screen = "\n".join(drawn(picture(), 100, 40))
    assert screen.index("7D") < screen.index("5A")


def test_what_does_not_fit_is_counted() -> None:
    assert "lowest 8 of 12" in "\n".join(drawn(picture(), 80, 24))


def test_an_empty_database_is_drawn_as_well() -> None:
    assert len(drawn(Snapshot(read_at=NOW), 80, 24)) == 24


@pytest.mark.parametrize(
    ("score", "colour"),
    [(None, colours.QUIET), (0.0, colours.ALARM), (39.4, colours.ALARM), (40.0, colours.IDLE), (69.6, colours.ACTIVE)],
)
def test_the_colour_of_a_class_follows_its_engagement(score: float | None, colour: str) -> None:
    assert colours.engagement(score) == colour


def test_freshness_is_green_within_the_promise_of_two_seconds_and_red_when_a_panel_would_be_stale() -> None:
    assert [colours.freshness(s) for s in (0.5, 2.0, 3.0, 5.0)] == [
        colours.ACTIVE, colours.ACTIVE, colours.IDLE, colours.ALARM
    ]  # fmt: skip


def test_a_bar_fills_cells_from_below_in_eighths() -> None:
    assert [cell(100, 100, row, 2) for row in range(2)] == [8, 8]
    assert [cell(31, 100, row, 2) for row in range(2)] == [5, 0]
    assert [cell(0, 0, row, 2) for row in range(2)] == [0, 0]


def test_a_gauge_is_full_at_a_hundred_and_says_when_nobody_is_there() -> None:
    assert gauge(100.0, "red").plain == "████████ 100"
    assert gauge(None, "red").plain == "nobody there"


def test_without_a_terminal_the_same_figures_are_one_plain_line() -> None:
    text = line(picture(), Status(sent=1, rate=502.4))
    assert text == (
        "10:00:30  active 812  idle 188  absent 100 of 1,100  engagement 63  502 events/s  fresh 0.8 s"
        "  last: Mira Klein (7B): Handed in a quiz"
    )
