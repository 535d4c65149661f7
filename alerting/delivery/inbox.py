"""A server on loopback that takes messages for Slack, as its incoming webhooks do, and shows the last ones."""

from __future__ import annotations

import html
import json
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

KEPT: Final = 200
LARGEST_BYTES: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Message:
    """One message to a Slack-compatible webhook.

    Attributes:
        at: When it came.
        path: The webhook's path.
        body: What was posted.
    """

    at: datetime
    path: str
    body: dict[str, Any]

    @property
    def place(self) -> str:
        """Where it was for: the webhook's path, and the channel if it names one."""
        return f"{self.path} {self.body.get('channel', '')}".strip()

    @property
    def words(self) -> str:
        """Its text, as one would read it."""
        parts = [self.body.get("text", "")]
        for attachment in self.body.get("attachments", ()):
            parts += [attachment.get("title", ""), attachment.get("text", "")]
        return "\n".join(part for part in parts if part)


class Inbox(ThreadingHTTPServer):
    """Takes POSTs as Slack's incoming webhooks do and shows the last ones at `/`.

    Attributes:
        messages: The last messages, the newest last.
    """

    daemon_threads = True

    def __init__(self, host: str, port: int) -> None:
        """Binds; `serve_forever` answers."""
        self.messages: deque[Message] = deque(maxlen=KEPT)
        super().__init__((host, port), _Handler)

    def page(self) -> str:
        """Returns the messages as HTML, the newest first."""
        shown = "".join(
            f"<article><p><time>{m.at:%Y-%m-%d %H:%M:%S} UTC</time> {html.escape(m.place)}</p>"
            f"<pre>{html.escape(m.words)}</pre></article>"
            for m in reversed(self.messages)
        )
        return (
            "<!DOCTYPE html><html lang=en><meta charset=utf-8><title>What would have gone to Slack</title>"
            "<style>body{font-family:sans-serif;max-width:50em;margin:2em auto}pre{white-space:pre-wrap}</style>"
            f"<h1>What would have gone to Slack</h1>{shown or '<p>Nothing yet.</p>'}"
        )


class _Handler(BaseHTTPRequestHandler):
    server: Inbox

    def do_GET(self) -> None:
        self._answer(HTTPStatus.OK, self.server.page(), "text/html; charset=utf-8")

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        try:
            body = json.loads(self.rfile.read(length)) if length <= LARGEST_BYTES else None
        except ValueError:
            body = None
        if not isinstance(body, dict):
            self._answer(HTTPStatus.BAD_REQUEST, "invalid_payload")
            return
        message = Message(datetime.now(UTC), self.path, body)
        self.server.messages.append(message)
        self._answer(HTTPStatus.OK, "ok")

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002, ANN401
        pass

    def _answer(self, status: HTTPStatus, text: str, kind: str = "text/plain") -> None:
        data = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)
