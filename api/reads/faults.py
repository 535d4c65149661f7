"""Problems of the routes that FastAPI serves: which parameter is wrong, and their shape for `/docs`."""

from __future__ import annotations

from typing import Any, Final

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field

from api.problems import CONTENT_TYPE, ProblemError


class Fault(BaseModel):
    """One thing that is wrong with a request."""

    path: str = Field(description="Where: `query.window`, `path.class_id`, `body.token`.")
    detail: str


class ProblemBody(BaseModel):
    """What every error looks like."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "type": "urn:classpulse:problem:scope",
                "title": "Forbidden",
                "status": 403,
                "detail": "This token may not read class 7A: that needs the scope read:class:7A.",
                "errors": [{"path": "class_id", "detail": "not among the classes of this token"}],
            }
        }
    )
    type: str
    title: str
    status: int
    detail: str
    errors: list[Fault] = []


PROBLEMS: Final[dict[int | str, dict[str, Any]]] = {
    status: {"model": ProblemBody, "description": text, "content": {CONTENT_TYPE: {}}}
    for status, text in {
        401: "No token, or one that is not known.",
        403: "The token does not have the scope.",
        422: "A parameter is wrong; `errors` names it.",
        429: "Too many requests with this token; `Retry-After` says when to come back.",
        503: "The database does not answer.",
    }.items()
}


def wrong(path: str, detail: str) -> ProblemError:
    """Returns the problem of one wrong parameter.

    Example:
        >>> wrong("query.window", "1min to 60min").more
        {'errors': [{'path': 'query.window', 'detail': '1min to 60min'}]}
    """
    return ProblemError(422, "parameter", f"{path}: {detail}", errors=[{"path": path, "detail": detail}])


def invalid(error: RequestValidationError) -> ProblemError:
    """Returns the problem of a request whose parameters FastAPI refuses."""
    faults = [{"path": ".".join(map(str, one["loc"])), "detail": str(one["msg"])} for one in error.errors()]
    detail = "; ".join(f"{fault['path']}: {fault['detail']}" for fault in faults)
    return ProblemError(422, "parameter", detail, errors=faults)
