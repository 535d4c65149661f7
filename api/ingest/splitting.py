"""From a body to its events: one, a list, one a line, or an envelope that says when it was sent."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import msgspec

from api.problems import ProblemError

JSON: Final = frozenset({"", "application/json", "text/plain", "text/json"})
"""`navigator.sendBeacon` says text/plain, or a page would have to ask before it may send."""
LINES: Final = frozenset({"application/x-ndjson", "application/ndjson", "application/jsonl", "application/json-lines"})


class Envelope(msgspec.Struct):
    """A list of events with what is said of all of them."""

    events: list[msgspec.Raw] | None = None
    sent_at: Any = None


class Split(NamedTuple):
    """What a body holds.

    Attributes:
        values: The JSON of each event.
        sent_at: When the client sent them, by its own clock, as it says it; None where it does not.
    """

    values: list[bytes]
    sent_at: Any = None


_list: Final = msgspec.json.Decoder(list[msgspec.Raw])
_envelope: Final = msgspec.json.Decoder(Envelope)
_document: Final = msgspec.json.Decoder()


def split(body: bytes, content_type: str, most: int) -> Split:
    r"""Returns the events of a body.

    Raises:
        ProblemError: 415 for a media type that is none of events, 400 for what is not JSON, 413 for too many.

    Example:
        >>> split(b'[{"a":1},{"b":2}]', "application/json", 10).values
        [b'{"a":1}', b'{"b":2}']
        >>> split(b'{"a":1}\n\n{"b":2}\n', "application/x-ndjson", 10).values
        [b'{"a":1}', b'{"b":2}']
        >>> split(b'{"sent_at":5,"events":[{"a":1}]}', "", 10)
        Split(values=[b'{"a":1}'], sent_at=5)
    """
    media = content_type.partition(";")[0].strip().lower()
    body = body.removeprefix(b"\xef\xbb\xbf")
    if media in LINES:
        found = Split([line for line in map(bytes.strip, body.split(b"\n")) if line])
    elif media in JSON:
        found = _of_json(body)
    else:
        text = f"Content-Type {media[:60]!r} is not read: send application/json or application/x-ndjson."
        raise ProblemError(415, "media-type", text)
    if len(found.values) > most:
        raise ProblemError(413, "too-many", f"More than {most} events: send fewer at once.")
    if not found.values:
        raise ProblemError(400, "empty", "There is no event in the body.")
    return found


def _of_json(body: bytes) -> Split:
    begin = body[:64].lstrip()[:1]
    try:
        if begin == b"[":
            return Split([bytes(raw) for raw in _list.decode(body)])
        if begin == b"{":
            return _of_object(body)
        _document.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ProblemError(400, "not-json", f"The body is not JSON: {error}.") from error
    raise ProblemError(400, "not-json", "An event is a JSON object; several are an array, or one a line.")


def _of_object(body: bytes) -> Split:
    if b'"events"' in body:
        found = _envelope.decode(body)
        if found.events is not None:
            return Split([bytes(raw) for raw in found.events], found.sent_at)
    try:
        _document.decode(body)
    except msgspec.ValidationError:
        pass  # a number beyond doubles: the judge says what of it
    except msgspec.DecodeError:
        # one event a line, as a tool that does not say so sends them
        lines = [line for line in map(bytes.strip, body.split(b"\n")) if line]
        if len(lines) > 1 and all(line.startswith(b"{") and line.endswith(b"}") for line in lines):
            return Split(lines)
        raise
    return Split([body])
