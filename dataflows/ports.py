"""Ports of this machine that nobody holds."""

from __future__ import annotations

import secrets
import socket

PORTS = range(15000, 32000)
"""Below the range from which the kernel serves outgoing connections."""


def free_port() -> int:
    """Returns a TCP port on loopback that nobody holds at this moment.

    It lies below the range from which the kernel serves outgoing connections, so that a stopped server finds its port
    free when it is started again.
    """
    while True:
        port = secrets.choice(PORTS)
        if is_free(port):
            return port


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    """Says whether nobody listens on a TCP port of an address of this machine; "" is every address."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # the last connections of a server that has ended
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True
