"""Documents of other standards over HTTP: xAPI statements and Caliper envelopes, read by the adapters of `replay`."""

from __future__ import annotations

import time
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qs

import msgspec

from api.asgi import Scope, header
from api.ingest.entry import STORED, Entry
from api.ingest.ids import uuid7
from api.problems import ProblemError
from dataflows.events.ids import canonical_uuid
from ingest.formats.adapter import Adapter, Refused, Skipped

VERSIONS: Final = ("1.0.3", "2.0.0")
VERSION_HEADER: Final = b"x-experience-api-version"
MEDIA: Final = frozenset({"application/json", "application/ld+json", ""})

_decode: Final = msgspec.json.Decoder().decode
_encode: Final = msgspec.json.Encoder().encode


@dataclass(slots=True)
class Document:
    """A statement, or an event of an envelope, and what becomes of it.

    Attributes:
        path: Where it stands in the body.
        part_id: Its own id.
        entries: The events that it makes.
        why: Why it makes none, where it is understood.
        refused: Why it cannot be read.
    """

    path: str
    part_id: str | None
    entries: list[Entry] = field(default_factory=list)
    why: str = ""
    refused: Refused | None = None

    @property
    def status(self) -> str:
        """What became of it: of several events the worst."""
        found = {entry.status for entry in self.entries}
        for worst in ("rejected", "retry", "spooled", "ok", "duplicate", "withheld"):
            if worst in found:
                return worst
        return "rejected" if self.refused else "skipped"

    def result(self) -> dict[str, Any]:
        """Returns what the client is told."""
        said: dict[str, Any] = {"id": self.part_id, "status": self.status}
        if self.refused:
            return said | {
                "reason": self.refused.reason,
                "field": ".".join(filter(None, (self.path, self.refused.path))),
                "detail": self.refused.detail,
            }
        for entry in self.entries:
            if entry.status == "rejected":
                return said | {"field": self.path, "reason": entry.reason, "detail": entry.detail}
        return said | ({"detail": self.why} if self.why else {})


def parts_of(adapter: Adapter, body: bytes, content_type: str, most: int) -> tuple[object, list[Document]]:
    """Returns the document and its parts, each with its events.

    Raises:
        ProblemError: 415, 400 or 413, as for our own events.
    """
    if content_type.partition(";")[0].strip().lower() not in MEDIA:
        raise ProblemError(415, "media-type", "Send application/json.")
    try:
        document = _decode(body)
        parts = [_part(adapter, path, part) for path, part in _few(adapter, document, most)]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ProblemError(400, "not-json", f"The body is not JSON: {error}.") from error
    if not parts:
        raise ProblemError(400, "empty", "There is nothing in the body.")
    return document, parts


def _few(adapter: Adapter, document: object, most: int) -> Iterator[tuple[str, object]]:
    for count, found in enumerate(adapter.parts(document), 1):
        if count > most:
            raise ProblemError(413, "too-many", f"More than {most} at once: send fewer.")
        yield found


def _part(adapter: Adapter, path: str, document: object) -> Document:
    """Makes the events of a part; a statement without an id gets one, by which it is known when it is sent again."""
    if isinstance(document, dict) and adapter.name == "xapi" and "id" not in document:
        document["id"] = uuid7(time.time_ns() // 1_000_000)
    own = document.get("id") if isinstance(document, dict) else None
    part = Document(path, own if isinstance(own, str) else None)
    found = adapter.events(document)
    if isinstance(found, Refused):
        part.refused = found
    elif isinstance(found, Skipped):
        part.why = found.why
    else:
        part.entries = [Entry(_encode(event)) for event in found]
    return part


def check_version(scope: Scope) -> str:
    """Returns the version of xAPI that a request speaks.

    Raises:
        ProblemError: 400, it does not say, or another one.
    """
    said = header(scope, VERSION_HEADER).strip()
    if said in {"1.0", *(f"1.0.{n}" for n in range(4))}:
        return VERSIONS[0]
    if said in {"2.0", "2.0.0"}:
        return VERSIONS[1]
    raise ProblemError(400, "version", "Send X-Experience-API-Version: 1.0.3 or 2.0.0.", known=VERSIONS)


def statement_id(scope: Scope) -> str:
    """Returns the id in the address of a PUT.

    Raises:
        ProblemError: 400, there is none.
    """
    query: bytes = scope.get("query_string", b"")
    found = canonical_uuid(parse_qs(query.decode("latin-1")).get("statementId", [""])[0])
    if found is None:
        raise ProblemError(400, "statement-id", "PUT needs ?statementId= with a UUID.")
    return found


def only_part(parts: list[Document], wanted: str) -> Document:
    """Returns the one statement of a PUT, which must not name itself otherwise.

    Raises:
        ProblemError: 400.
    """
    if len(parts) != 1 or parts[0].path:
        raise ProblemError(400, "one-statement", "PUT takes one statement.")
    if (canonical_uuid(parts[0].part_id or "") or "") != wanted:
        raise ProblemError(400, "statement-id", "The statement's id is not that of the address.")
    return parts[0]


def with_id(body: bytes, wanted: str) -> bytes:
    """Returns a statement with its id, where it names none itself."""
    try:
        document = _decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return body  # `parts_of` says what is wrong
    if isinstance(document, dict) and "id" not in document:
        return _encode({"id": str(uuid.UUID(wanted)), **document})
    return body


def settled(parts: list[Document], *, atomic: bool) -> None:
    """Refuses where a client has to do something: all of it could not be stored, or, where atomic, one part is wrong.

    Raises:
        ProblemError: 400 (422 where each part stands for itself and all are wrong) or 503.
    """
    statuses = Counter(part.status for part in parts)
    results = [part.result() for part in parts]
    if statuses["rejected"] and (atomic or statuses["rejected"] == len(parts)):
        first = next(result for result in results if result["status"] == "rejected")
        text = f"{first['field'] or 'The document'}: {first['reason']}, {first['detail']}."
        raise ProblemError(400 if atomic else 422, "rejected", text, results=results)
    stored = any(part.status in {*STORED, "duplicate", "skipped", "withheld"} for part in parts)
    if statuses["retry"] and (atomic or not stored):
        text = "Not everything could be stored now: send it again."
        raise ProblemError(503, "full", text, retry_after_s=5, results=results)
