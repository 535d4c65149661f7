"""Marks in Grafana: when a release was deployed, when results were made again. None of them ever stops the work."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from alerting.server import Server

TAG: Final = "classpulse"
TIMEOUT_S: Final = 5.0

_log = logging.getLogger(__name__)


def deployed() -> None:
    """Marks the running release where Grafana's latest mark of a deploy names another; called once a deploy."""
    text = f"ClassPulse {os.environ.get('CLASSPULSE_VERSION') or version('classpulse')} deployed"

    def mark(server: Server) -> None:
        latest = server.get(f"/annotations?type=annotation&tags={TAG}&tags=deploy&limit=1")
        if [each["text"] for each in latest] != [text]:
            _mark(server, text, "deploy", _now_ms())

    _tell(mark)


@contextmanager
def rebuilding(flow: str) -> Iterator[None]:
    """Marks the time of a rebuild that went well."""
    began = _now_ms()
    yield
    _tell(lambda server: _mark(server, f"{flow} rebuilt", "rebuild", began, timeEnd=_now_ms()))


def _tell(mark: Callable[[Server], None]) -> None:
    """Calls with the Grafana of GRAFANA_URL, if there is one; whatever goes wrong with it is a line in the log."""
    try:
        from alerting.server import Server, ServerSettings

        settings = ServerSettings()
        if settings.url:
            mark(Server(settings, timeout_s=TIMEOUT_S))
    except Exception as error:  # noqa: BLE001 - a mark is not worth a failed deploy
        _log.warning("no mark in Grafana: %s", error)


def _mark(server: Server, text: str, kind: str, since_ms: int, **more: int) -> None:
    server.post("/annotations", {"text": text, "tags": [TAG, kind], "time": since_ms, **more})


def _now_ms() -> int:
    return round(time.time() * 1000)
