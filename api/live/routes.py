"""The page's files, and how a browser logs in: a token becomes a cookie that no script can read."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field

from api.problems import ProblemError
from api.reads.faults import PROBLEMS
from api.reads.rights import Rights
from api.reads.service import COOKIE, Service, reading

FILES: Final = Path(__file__).parent / "static"
KINDS: Final = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
REMEMBERED_S: Final = 30 * 24 * 3600
POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
SAFE: Final = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-cache",
}

router = APIRouter()


class Login(BaseModel):
    """What a browser logs in with."""

    token: str = Field(max_length=500, description="As `classpulse token create` printed it.")
    remember: bool = Field(default=False, description="Whether to stay logged in on this device for 30 days.")


@router.get("/", include_in_schema=False)
async def page(request: Request) -> Response:
    """Returns the page."""
    return _file(request, "index.html")


@router.get("/live/{name:path}", include_in_schema=False)
async def part(request: Request, name: str) -> Response:
    """Returns one of the page's files."""
    return _file(request, name)


@router.post("/session", status_code=204, tags=["session"], responses=PROBLEMS, summary="Log a browser in")
async def log_in(request: Request, login: Login, reads: Service) -> Response:
    """Puts a token that reads into a cookie that only this server gets and no script reads."""
    token = login.token.strip()
    if not token.isascii() or not token.isprintable():
        raise ProblemError(401, "token", "This is no token.")
    grant = await reads.grant_of({**request.scope, "headers": [(b"authorization", f"Bearer {token}".encode())]})
    grant.spend()
    Rights.of(grant.scopes)
    response = Response(status_code=204)
    response.set_cookie(
        COOKIE,
        token,
        max_age=REMEMBERED_S if login.remember else None,
        httponly=True,
        secure="https" in {request.url.scheme, request.headers.get("x-forwarded-proto")},
        samesite="strict",
    )
    return response


@router.delete("/session", status_code=204, tags=["session"], summary="Log it out")
async def log_out() -> Response:
    """Takes the cookie back. The token itself goes on until it is revoked."""
    response = Response(status_code=204)
    response.delete_cookie(COOKIE, httponly=True, samesite="strict")
    return response


@router.get("/session", response_model=list[str], tags=["session"], responses=PROBLEMS, summary="Classes of the token")
async def session(rights: Annotated[Rights, Depends(reading)]) -> list[str]:
    """Returns the classes whose students the token may see; `*` is every class."""
    return ["*"] if rights.classes is None else sorted(rights.classes)


@cache
def _loaded(name: str) -> tuple[bytes, str, str] | None:
    """Returns a file's content, type and validator; None where there is none of that name."""
    path = (FILES / name).resolve()
    if not path.is_relative_to(FILES.resolve()) or not path.is_file() or path.suffix not in KINDS:
        return None
    content = path.read_bytes()
    return content, KINDS[path.suffix], f'"{hashlib.blake2b(content, digest_size=12).hexdigest()}"'


def _file(request: Request, name: str) -> Response:
    found = _loaded(name)
    if found is None:
        raise ProblemError(404, "file", f"The page has no file {name}.")
    content, kind, etag = found
    headers = {**SAFE, "ETag": etag}
    if request.headers.get("if-none-match") == etag:
        return Response(status_code=304, headers=headers)
    return Response(content, headers=headers, media_type=kind)
