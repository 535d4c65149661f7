"""What goes wrong, as RFC 9457 problem details: one shape for every route."""

from __future__ import annotations

from http import HTTPStatus
from math import ceil
from typing import Any

import msgspec

CONTENT_TYPE = "application/problem+json"


class ProblemError(Exception):
    """A request that is answered with a problem.

    Attributes:
        status: HTTP status.
        slug: What kind of problem, for programs; a part of the answer's `type`.
        detail: What is wrong and what to do, for people.
        retry_after_s: When to come again; None where coming again does not help.
        more: Further members of the answer.
    """

    def __init__(self, status: int, slug: str, detail: str, *, retry_after_s: float | None = None, **more: Any) -> None:
        """Keeps what is said."""
        super().__init__(detail)
        self.status, self.slug, self.detail = status, slug, detail
        self.retry_after_s, self.more = retry_after_s, more

    def body(self) -> bytes:
        """Returns the answer's JSON."""
        said = {
            "type": f"urn:classpulse:problem:{self.slug}",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
        }
        return msgspec.json.encode(said | self.more)

    def headers(self) -> dict[str, str]:
        """Returns the headers that belong to it.

        Example:
            >>> ProblemError(429, "rate", "Slower.", retry_after_s=0.2).headers()
            {'retry-after': '1'}
        """
        headers = {} if self.retry_after_s is None else {"retry-after": str(max(1, ceil(self.retry_after_s)))}
        if self.status == HTTPStatus.UNAUTHORIZED:
            headers["www-authenticate"] = "Bearer"
        return headers
