"""What nobody has thought of is a problem to the client, and an error with its traceback in the log."""

from __future__ import annotations

import asyncio
import json

from fastapi import Request, Response
from structlog.testing import capture_logs

from api import app


def test_what_fails_unexpectedly_is_a_problem_and_stands_in_the_log() -> None:
    web = app._web(gateway=None)  # type: ignore[arg-type]
    handler = web.exception_handlers[Exception]
    request = Request({"type": "http", "path": "/broken", "headers": [], "method": "GET", "query_string": b""})
    with capture_logs() as said:
        answer: Response = asyncio.run(handler(request, ValueError("odd")))  # type: ignore[arg-type]
    assert (answer.status_code, answer.media_type) == (500, "application/problem+json")
    assert json.loads(bytes(answer.body))["detail"] == "This could not be answered: the log says why."
    [line] = said
    assert (line["log_level"], line["path"], str(line["exc_info"])) == ("error", "/broken", "odd")
