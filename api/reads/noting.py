"""What one request reads of students, for the audit."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from api.access import Grant
from api.reads.rights import EVERY, Rights
from api.reads.service import COOKIE, Reads, granted, reads_of


class Noting:
    """Notes what one request reads; a route takes it as `Noted`."""

    def __init__(self, request: Request, grant: Annotated[Grant, Depends(granted)]) -> None:
        """Takes who asks, and how."""
        self._request, self._grant = request, grant

    async def __call__(
        self, *, classes: list[str] | None = None, students: tuple[str, ...] = (), explains: bool = False
    ) -> None:
        """Notes that students of classes, or single ones, are read.

        Args:
            classes: The classes; None for all that the token may see.
            students: The students, where single ones are asked for.
            explains: Whether it is an explanation.

        Raises:
            ProblemError: It cannot be noted (503).
        """
        reads: Reads = reads_of(self._request)
        by_page = COOKIE in self._request.cookies and "authorization" not in self._request.headers
        via = "explain" if explains else "page" if by_page else "api"
        reader = f"{self._grant.name} ({self._grant.token_id})"
        what = str(self._request.scope["route"].path)
        rights = Rights.of(self._grant.scopes)
        named = tuple(sorted(classes)) if classes is not None else () if students else (EVERY,)
        # A token of every class has none of them by a link of its own.
        theirs = None if rights.classes is None else rights.classes.issuperset(named)
        await reads.audit.note((reader, via, what, students, named), was_theirs=theirs)


Noted = Annotated[Noting, Depends()]
