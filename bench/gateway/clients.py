"""The load: prepared requests over kept connections, as fast as answers come or at a fixed rate.

Run as a module, in a process of its own, it prints one JSON object.
"""

from __future__ import annotations

import argparse
import json
import selectors
import socket
import statistics
import time
from collections import deque
from typing import Final

from bench.load import Stamps, templates

_HEAD: Final = (
    "POST /v1/track HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n"
)
_END: Final = b"\r\n\r\n"


def prepared(requests: int, batch: int, seed: int) -> list[bytes]:
    """Returns whole requests, each of so many events of now, no id twice."""
    stamps, now_ms = Stamps(templates(), seed), int(time.time() * 1000)
    found = []
    for _ in range(requests):
        body = b"[" + b",".join(stamps.next(now_ms)[1] for _ in range(batch)) + b"]"
        found.append(_HEAD.format(len(body)).encode() + body)
    return found


class Connection:
    """A connection with at most one request under way."""

    def __init__(self, port: int) -> None:
        """Connects."""
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.began = self.due = 0.0
        self._got = b""

    def send(self, request: bytes, due: float) -> None:
        """Sends a request that was due at a moment of the monotonic clock."""
        self.due, self._got = due, b""
        self.socket.sendall(request)

    def receive(self) -> bytes | None:
        """Returns the answer once it is whole."""
        self._got += self.socket.recv(1 << 18)
        head, end, body = self._got.partition(_END)
        if not end:
            return None
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        return self._got if len(body) >= length else None


def play(port: int, requests: list[bytes], connections: int, per_s: float) -> dict[str, float]:
    """Sends all requests; `per_s` 0 sends the next as soon as an answer came.

    With a rate, a request's time counts from when it was due, so that a server that falls behind is seen to.
    """
    selector = selectors.DefaultSelector()
    free: deque[Connection] = deque()
    for _ in range(connections):
        connection = Connection(port)
        selector.register(connection.socket, selectors.EVENT_READ, connection)
        free.append(connection)
    began, sent, took, bad = time.monotonic(), 0, list[float](), 0
    while len(took) < len(requests):
        now = time.monotonic()
        while free and sent < len(requests) and (not per_s or began + sent / per_s <= now):
            free.popleft().send(requests[sent], began + sent / per_s if per_s else time.monotonic())
            sent += 1
        wait = 1.0
        if per_s and free and sent < len(requests):
            wait = max(0.0, began + sent / per_s - time.monotonic())
        for key, _ in selector.select(wait):
            connection = key.data
            if (answer := connection.receive()) is not None:
                took.append(time.monotonic() - connection.due)
                bad += not answer.startswith(b"HTTP/1.1 200")
                free.append(connection)
    seconds = time.monotonic() - began
    split_points = statistics.quantiles(took, n=100)
    return {
        "seconds": round(seconds, 2),
        "requests": len(took),
        "not_200": bad,
        "p50_ms": round(split_points[49] * 1000, 1),
        "p99_ms": round(split_points[98] * 1000, 1),
    }


def main() -> None:
    """Plays and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--requests", type=int, required=True)
    parser.add_argument("--batch", type=int, required=True)
    parser.add_argument("--connections", type=int, required=True)
    parser.add_argument("--per-s", type=float, default=0)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    requests = prepared(args.requests, args.batch, args.seed)
    print("ready", flush=True)
    input()
    print(json.dumps(play(args.port, requests, args.connections, args.per_s)))


if __name__ == "__main__":
    main()
