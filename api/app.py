"""The one ASGI application: routes that bring events in front, FastAPI for all that people read behind.

`ROUTERS` is the table of contents of the latter.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Final

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import PlainTextResponse
from fastapi_offline import FastAPIOffline
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.exceptions import HTTPException

from api import predictions, stream, stuck, tracker
from api.access import Access, Grant
from api.asgi import Receive, Scope, Send
from api.explain import routes as explanations
from api.ingest.intake import Intake
from api.ingest.track import Track
from api.live import routes as live
from api.openapi import describe
from api.problems import CONTENT_TYPE, ProblemError
from api.reads import analytics, engagement
from api.reads.database import Database
from api.reads.faults import invalid
from api.reads.service import Reads
from api.settings import ApiSettings
from api.token_book import TokenBook
from dataflows.settings import Settings

ROUTERS: Final = (
    engagement.router,
    stuck.router,
    predictions.router,
    stream.router,
    analytics.router,
    explanations.router,
    live.router,
    tracker.router,
)
"""What people read; a route finds the gateway in `request.app.state.gateway`."""

log = structlog.get_logger()


class Gateway:
    """The gateway: an ASGI application.

    Attributes:
        settings: Of the deployment.
        api: Of the gateway.
        access: Who may what.
        book: The tokens.
        intake: Takes events in.
        reads: Answers what people ask.
        web: FastAPI, for everything that does not bring events; `web.state.gateway` is this.
    """

    def __init__(self, settings: Settings, api: ApiSettings) -> None:
        """Puts the parts together; nothing runs before the lifespan begins."""
        self.settings, self.api = settings, api
        self.access = Access(api.api_open, api.api_events_per_s, api.api_requests_per_s)
        api.spool_dir.mkdir(parents=True, exist_ok=True)
        self.book = TokenBook(self.access, settings.database_url.get_secret_value(), api.spool_dir / "tokens")
        self.intake = Intake(settings, api)
        self.reads = Reads(Database(settings.database_url.get_secret_value()), self.grant)
        self._track = Track(self.intake, self.access, self.book, api)
        self.web = _web(self)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a request."""
        if scope["type"] == "http":
            found = self._track.route(scope["path"])
            if found:
                await self._track.handle(*found, scope, receive, send)
                return
        await self.web(scope, receive, send)

    async def grant(self, scope: Scope) -> Grant:
        """Returns what the one who asks may; a token that is not known may be new.

        Raises:
            ProblemError: 401 without a valid token, 503 while it is not known which are.
        """
        if not self.access.knows(scope):
            await self.book.refresh_for_unknown()
        return self.access.grant(scope)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Runs what runs beside requests."""
        await self.intake.start()
        await self.book.refresh()
        await self.intake.consents.refresh()
        tasks = [asyncio.create_task(run()) for run in (self.book.run, self.intake.consents.run)]
        try:
            async with self.reads.running():
                yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self.intake.stop()
            self.book.close()


def _web(gateway: Gateway) -> FastAPI:
    """Makes the FastAPI application."""

    @contextlib.asynccontextmanager
    async def lifespan(_web: FastAPI) -> AsyncIterator[None]:
        async with gateway.running():
            yield

    # The description's page brings its own scripts: a school's network may reach nothing else.
    web = FastAPIOffline(title="ClassPulse", lifespan=lifespan, redoc_url=None)
    web.state.gateway = gateway
    web.add_exception_handler(ProblemError, _problem)
    web.add_exception_handler(RequestValidationError, _invalid)
    web.add_exception_handler(HTTPException, _http_error)
    web.add_exception_handler(Exception, _unexpected)
    web.add_api_route("/healthz", _healthz, include_in_schema=False, response_class=PlainTextResponse)
    web.add_api_route("/readyz", _readyz, include_in_schema=False, response_class=PlainTextResponse)
    web.add_api_route("/metrics", _metrics, include_in_schema=False)
    for router in ROUTERS:
        web.include_router(router)
    describe(web)
    return web


async def _healthz() -> str:
    return "alive\n"


async def _readyz(request: Request) -> Response:
    """Says whether events can be stored, in Kafka or on the spool; without the database only questions fail."""
    if request.app.state.gateway.intake.accepts:
        return PlainTextResponse("ready\n")
    return PlainTextResponse("neither Kafka nor the spool takes events\n", 503)


async def _metrics() -> Response:
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


async def _problem(_request: Request, error: Exception) -> Response:
    assert isinstance(error, ProblemError)  # noqa: S101 - registered for nothing else
    return Response(error.body(), error.status, error.headers(), CONTENT_TYPE)


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for nothing else
    return await _problem(request, invalid(error))


async def _unexpected(request: Request, error: Exception) -> Response:
    """Answers what nobody has thought of; the log says what it was."""
    log.error("a request could not be answered", path=request.url.path, exc_info=error)
    return await _problem(request, ProblemError(500, "unexpected", "This could not be answered: the log says why."))


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for nothing else
    slug = {404: "not-found", 405: "method"}.get(error.status_code, "http")
    return await _problem(request, ProblemError(error.status_code, slug, str(error.detail)))
