"""The server under the application: granian within this process (ADR 29)."""

from __future__ import annotations

import asyncio
import signal
import socket
from typing import Any, Final

import structlog
import uvloop
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.server.embed import Server

from api.app import Gateway
from api.settings import ApiSettings
from dataflows.errors import UnavailableError
from dataflows.settings import Settings

HEADERS_MS: Final = 10_000
"""How long a client may take for its headers."""
HEADERS_BYTES: Final = 65_536
AT_ONCE: Final = 4096
"""Requests that are worked on at a time, those who listen to a stream among them; further ones wait in the socket."""

log = structlog.get_logger()


def serve(settings: Settings, api: ApiSettings) -> None:
    """Serves until SIGTERM or SIGINT, then ends in order.

    Raises:
        UnavailableError: The port is taken.
    """
    _check_port(api.api_host, api.api_port)
    uvloop.run(_serve(Gateway(settings, api), api))


async def _serve(app: Any, api: ApiSettings) -> None:  # noqa: ANN401 - an ASGI application
    server = Server(
        app,
        address=api.api_host,
        port=api.api_port,
        interface=Interfaces.ASGI,
        http=HTTPModes.http1,
        websockets=False,
        backpressure=AT_ONCE,
        http1_settings=HTTP1Settings(header_read_timeout=HEADERS_MS, max_buffer_size=HEADERS_BYTES * 8),
        log_enabled=False,
    )
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, server.stop)
    log.info("serving", at=f"http://{api.api_host}:{api.api_port}", docs="/docs")
    await server.serve()


def _check_port(host: str, port: int) -> None:
    """Says in words what the server would say in a traceback, or not at all."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            message = f"Cannot listen at {host}:{port}: {error.strerror}. Say another --port, or end what has it."
            raise UnavailableError(message) from error
