"""The browser tracker's files: `/static/tracker.js`, its typed declarations and a page that shows it."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import Final

from fastapi import APIRouter, Request, Response

from api.problems import ProblemError

FILES: Final = Path(__file__).parent / "static"
KINDS: Final = {
    "tracker.js": "text/javascript; charset=utf-8",
    "tracker.d.ts": "text/plain; charset=utf-8",
    "demo.html": "text/html; charset=utf-8",
    "demo.css": "text/css; charset=utf-8",
    "demo.js": "text/javascript; charset=utf-8",
}
POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "media-src blob:",
        "connect-src 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    # pages of the school's other servers load it
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Cache-Control": "public, max-age=3600",
}

router = APIRouter()


@router.get("/static/{name}", include_in_schema=False)
async def file(request: Request, name: str) -> Response:
    """Returns one of the tracker's files."""
    if name not in KINDS:
        raise ProblemError(404, "file", f"There is no file {name}; there are: {', '.join(KINDS)}.")
    content, etag = _loaded(name)
    headers = {**HEADERS, "ETag": etag}
    if request.headers.get("if-none-match") == etag:
        return Response(status_code=304, headers=headers)
    return Response(content, headers=headers, media_type=KINDS[name])


@cache
def _loaded(name: str) -> tuple[bytes, str]:
    content = (FILES / name).read_bytes()
    return content, f'"{hashlib.blake2b(content, digest_size=12).hexdigest()}"'
