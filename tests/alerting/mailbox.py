"""An SMTP server on loopback that keeps what it is sent: as much of the protocol as Alertmanager and Grafana speak."""

from __future__ import annotations

import email
import socketserver
from email.message import EmailMessage
from email.policy import default


class Mailbox(socketserver.ThreadingTCPServer):
    """Keeps messages in `messages`, the newest last; `serve_forever` answers."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self) -> None:
        self.messages: list[EmailMessage] = []
        super().__init__(("127.0.0.1", 0), _Session)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server_address[1]}"


class _Session(socketserver.StreamRequestHandler):
    server: Mailbox

    def handle(self) -> None:
        self._say("220 mailbox")
        while line := self.rfile.readline():
            verb = line[:4].upper()
            if verb == b"QUIT":
                self._say("221 bye")
                return
            if verb == b"DATA":
                self._say("354 go on")
                self.server.messages.append(self._message())
            self._say("250 mailbox" if verb == b"EHLO" else "250 ok")

    def _message(self) -> EmailMessage:
        lines: list[bytes] = []
        while (line := self.rfile.readline()) not in {b".\r\n", b""}:
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        found = email.message_from_bytes(b"".join(lines), policy=default)
        assert isinstance(found, EmailMessage)
        return found

    def _say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())


def words(message: EmailMessage) -> str:
    """Returns the plain text of a message."""
    body = message.get_body(("plain",))
    return "" if body is None else str(body.get_content())
