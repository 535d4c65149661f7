"""A mail server that refuses, breaks off or keeps silent where a test says so."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Callable


class Moody(socketserver.ThreadingTCPServer):
    """Keeps the recipients of what it took in `took`.

    Attributes:
        answer: What it says to a verb and its argument; empty: it takes it; `break`: it hangs up.
        asked: Set once a verb that `answer` holds was asked (see `hold`).
    """

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, answer: Callable[[str, str], str]) -> None:
        self.answer = answer
        self.took: list[str] = []
        super().__init__(("127.0.0.1", 0), _Session)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server_address[1]}"


class _Session(socketserver.StreamRequestHandler):
    server: Moody

    def handle(self) -> None:
        self._say("220 moody")
        to = ""
        while line := self.rfile.readline().decode().strip():
            verb = line.split(":")[0].split(" ")[0].upper()
            if verb == "RCPT":
                to = line.partition("<")[2].partition("@")[0]
            said = self.server.answer(verb, to)
            if said == "break":
                return
            if verb == "DATA" and not said:
                self._say("354 go on")
                while self.rfile.readline() not in {b".\r\n", b""}:
                    pass
                said = self.server.answer("END", to)
                if said == "break":
                    return
                if not said:
                    self.server.took.append(to)
            self._say(said or ("221 bye" if verb == "QUIT" else "250 ok"))

    def _say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())
