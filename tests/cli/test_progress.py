"""Progress off a terminal is a plain line now and then."""

from __future__ import annotations

import pytest

from cli import progress
from cli.progress import Progress


def test_off_a_terminal_a_line_says_how_far_it_is(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "LINE_EVERY_S", 0.0)
    with Progress("publishing", total=2000) as shown:
        shown.at(1500, "2 s behind")
    assert capsys.readouterr().err == "publishing: 1,500 of 2,000 events 2 s behind\n"


def test_between_two_lines_it_keeps_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress("publishing", total=2000) as shown:
        shown.at(1500)
    assert capsys.readouterr().err == ""
