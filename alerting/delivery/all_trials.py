"""One of each to every place that is set."""

from __future__ import annotations

import os

import typer

from alerting.delivery.alertmanager_trial import alertmanager_trial
from alerting.delivery.grafana_trial import grafana_trial
from alerting.delivery.trial import lines
from alerting.server import Server, ServerSettings
from health.finding import Finding, State, note


def trials(*, staff: bool, patience_s: float) -> int:
    """Sends, prints what became of it and returns the exit code: 1 where a place did not take it, or none is set."""
    found = [*_grafana(staff=staff), *_alertmanager(patience_s)]
    typer.echo("\n".join(lines(found)))
    failed = any(one.state is State.WRONG for one in found)
    untried = all(one.state is State.NOTE for one in found)
    return 1 if failed or untried else 0


def _grafana(*, staff: bool) -> list[Finding]:
    settings = ServerSettings()
    if not settings.url:
        return [note("grafana", "address", "GRAFANA_URL is not set, so nothing was sent")]
    return grafana_trial(Server(settings), staff=staff)


def _alertmanager(patience_s: float) -> list[Finding]:
    url = os.environ.get("ALERTMANAGER_URL", "").rstrip("/")
    if not url:
        return [note("alertmanager", "address", "ALERTMANAGER_URL is not set, so nothing was sent")]
    return alertmanager_trial(url, patience_s)
