"""JSON documents in a text, wherever they begin and end: over several lines, one after the other, in an array."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import IO, Any, Final

CHUNK: Final = 1 << 16
LONGEST: Final = 8 << 20
"""Characters of one document; longer ones are no events."""

_BETWEEN: Final = re.compile(r"[\s\ufeff,\x1e]*")
_NEXT: Final = re.compile(r"[\r\n]\s*(?=[\[{])")
_decoder: Final = json.JSONDecoder()


def split(value: bytes) -> list[bytes] | None:
    """Returns the documents of which a line consists; None where it is not all documents.

    Example:
        >>> split(b'{"a": 1}{"b": 2}'), split(b'{"a": 1} and')
        ([b'{"a": 1}', b'{"b": 2}'], None)
    """
    text = value.decode("utf-8", "surrogateescape")
    found, at = [], 0
    try:
        while at < len(text):
            _document, end = _decoder.raw_decode(text, at)
            found.append(text[at:end].encode("utf-8", "surrogateescape"))
            at = _after(text, end)
    except (ValueError, RecursionError):
        return None
    return found


def events_in(document: object) -> list[Any] | None:
    """Returns the events that a document holds where it is none itself: an array, or an object of nothing but one.

    Example:
        >>> events_in([{"a": 1}]), events_in({"events": [{"a": 1}]}), events_in({"event_name": "x"})
        ([{'a': 1}], [{'a': 1}], None)
    """
    if isinstance(document, list):
        return document
    if isinstance(document, dict) and len(document) == 1:
        (held,) = document.values()
        if isinstance(held, list) and held and all(isinstance(each, dict) for each in held):
            return held
    return None


def documents(text: IO[str]) -> Iterator[tuple[int, bytes | str]]:
    """Yields each document with the line on which it begins, or says in words what is none there.

    Of an array the elements are yielded, each as soon as it is read: a file of any length takes no more memory than
    its longest element.
    """
    buffer, at, line = "", 0, 1
    while True:
        start = _after(buffer, at)
        line += _lines(buffer[at:start])
        at = start
        if at < len(buffer) and buffer[at] in "[]":
            at += 1
            continue
        if at == len(buffer):
            buffer, at = text.read(CHUNK), 0
            if not buffer:
                return
            continue
        try:
            _document, end = _decoder.raw_decode(buffer, at)
            if end == len(buffer) and (more := text.read(CHUNK)):  # a number may go on
                buffer, at = buffer[at:] + more, 0
                continue
        except (ValueError, RecursionError) as error:
            if len(buffer) - at <= LONGEST and not _is_wrong(error, buffer) and (more := text.read(CHUNK)):
                buffer, at = buffer[at:] + more, 0
                continue
            yield line, f"not JSON: {error}"
            while (resume := _NEXT.search(buffer, at)) is None:
                line += _lines(buffer[at:])
                buffer, at = text.read(CHUNK), 0
                if not buffer:
                    return
            line += _lines(buffer[at : resume.end()])
            at = resume.end()
            continue
        yield line, buffer[at:end].encode("utf-8", "surrogateescape")
        line += _lines(buffer[at:end])
        at = end


def _after(text: str, at: int) -> int:
    match = _BETWEEN.match(text, at)
    return match.end() if match else at


def _lines(text: str) -> int:
    return text.count("\n") + text.count("\r") - text.count("\r\n")


def _is_wrong(error: BaseException, buffer: str) -> bool:
    """Says whether a document is wrong, and not only not whole: what is wrong lies well before the buffer's end."""
    return (
        isinstance(error, json.JSONDecodeError)
        and error.pos < len(buffer) - CHUNK // 2
        and "Unterminated" not in error.msg
    )
