"""Marks of deploys and rebuilds: none where no Grafana is set, and none of them stops the work."""

from __future__ import annotations

import logging

import pytest

from cli import marks


@pytest.fixture(autouse=True)
def unset(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("URL", "TOKEN", "USER", "PASSWORD"):
        monkeypatch.delenv(f"GRAFANA_{name}", raising=False)


def test_without_a_grafana_nothing_is_said(caplog: pytest.LogCaptureFixture) -> None:
    marks.deployed()
    with marks.rebuilding("content"):
        pass
    assert caplog.text == ""


def test_a_grafana_that_does_not_answer_is_a_line_in_the_log(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("GRAFANA_URL", "http://127.0.0.1:9")
    caplog.set_level(logging.WARNING)
    with marks.rebuilding("content"):
        pass
    marks.deployed()
    assert caplog.text.count("no mark in Grafana: http://127.0.0.1:9 does not answer") == 2


def test_a_rebuild_that_fails_fails_as_it_would_without(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRAFANA_URL", "http://127.0.0.1:9")
    with pytest.raises(ZeroDivisionError), marks.rebuilding("content"):
        1 / 0  # noqa: B018
