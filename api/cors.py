"""Pages of other origins that may send events: a tracker runs in the platform's pages, not in ours.

Only for the routes that bring events. There are no cookies in it, so what another page could do with a browser's help
it can do without one; who may send is said by the token.
"""

from __future__ import annotations

from typing import Final

from api.asgi import Scope, header

_PREFLIGHT: Final = {
    "access-control-allow-methods": "POST, PUT",
    "access-control-allow-headers": "authorization, content-type, content-encoding, x-experience-api-version",
    "access-control-max-age": "7200",
}


class Origins:
    """The origins whose pages may send."""

    def __init__(self, said: str) -> None:
        """Reads a list with commas between; `*` is every origin."""
        self._all = {origin.strip().rstrip("/") for origin in said.split(",") if origin.strip()}

    def headers(self, scope: Scope) -> dict[str, str]:
        """Returns what the answer to a request says to the browser; nothing where its page may not send.

        Example:
            >>> Origins("https://lms.example").headers({"headers": [(b"origin", b"https://lms.example")]})
            {'access-control-allow-origin': 'https://lms.example', 'vary': 'origin'}
        """
        origin = header(scope, b"origin")
        if not origin or not ({origin, "*"} & self._all):
            return {}
        return {"access-control-allow-origin": origin, "vary": "origin"}

    def preflight(self, scope: Scope) -> dict[str, str]:
        """Returns the answer to a browser that asks before it sends."""
        allowed = self.headers(scope)
        return allowed | _PREFLIGHT if allowed else {}
