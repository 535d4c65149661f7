"""What the kubelet asks a member: is it alive, and does its worker consume?"""

from __future__ import annotations

import threading
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

from dataflows.cluster.member import ClusterMember

STUCK_S: Final = 120.0
_ANSWER_S: Final = 3.0


class Probes:
    """`/livez`: the member's loop goes round, and a worker that should run answers.

    `/readyz`: its worker consumes; or it stands by for an upgrade, which could else not go on to the next pod.
    """

    def __init__(self, member: ClusterMember, metrics_port: int | None) -> None:
        """Watches one member.

        Args:
            member: The member.
            metrics_port: Where its worker answers; None where it serves no metrics.
        """
        self._member, self._metrics_port = member, metrics_port
        self._answered_s = time.monotonic()

    def live(self) -> str | None:
        """Returns what is wrong, or None: a member that waits for others is alive."""
        now = time.monotonic()
        if now - self._member.seen_s > STUCK_S:
            return f"the member's loop has stood still for {now - self._member.seen_s:.0f} s"
        if not self._member.consuming or self._worker_answers():
            self._answered_s = now
        if now - self._answered_s > STUCK_S:
            return f"the worker has not answered for {now - self._answered_s:.0f} s"
        return None

    def ready(self) -> str | None:
        """Returns what is missing, or None."""
        if self._member.standing_by:
            return None
        if not self._member.consuming:
            return "no worker runs: the cluster is forming"
        return None if self._worker_answers() else "the worker does not answer yet"

    def _worker_answers(self) -> bool:
        if self._metrics_port is None:
            return True
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self._metrics_port}/metrics", timeout=_ANSWER_S) as answer:
                return bool(answer.status == 200)  # noqa: PLR2004
        except OSError:
            return False

    def serve(self, port: int) -> None:
        """Answers on `port` in a thread of its own."""
        checks = {"/livez": self.live, "/readyz": self.ready}

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                check = checks.get(self.path)
                wrong = "no such probe" if check is None else check()
                self.send_response(404 if check is None else 503 if wrong else 200)
                self.end_headers()
                self.wfile.write((wrong or "ok").encode())

            def log_message(self, *_: object) -> None:
                pass  # a line a second says nothing

        server = ThreadingHTTPServer(("", port), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
