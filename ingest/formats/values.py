"""The JSON documents of a file, each with its line: one a line, or wherever they begin and end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from ingest.formats import Unreadable
from ingest.formats.documents import documents, split
from ingest.formats.opening import BROKEN, head_of, open_text

Value = tuple[int, bytes, Any]
"""The line on which a document begins, its bytes, and what they say."""

_decode: Final = msgspec.json.Decoder().decode


def values_of(path: Path, *, prefixed: bool = False) -> Iterator[Value | Unreadable]:
    """Yields the documents of a file; blank lines are nothing at all.

    As a rule that is an object a line, whose bytes are those of the file. Arrays, objects over several lines and one
    after the other are read too; of an array that goes over several lines, the elements.

    Args:
        path: The file.
        prefixed: Whether a line may have words before its object, as a logger writes them; they are left out.
    """
    head = head_of(path)
    found = _lines(path, prefixed=prefixed) if _is_lines(head) else _documents(path)
    try:
        yield from found
    except (*BROKEN, UnicodeDecodeError) as error:
        yield Unreadable(0, f"the file breaks off: {error}")


def _is_lines(head: str) -> bool:
    """Says whether a file is an event a line: so it is unless it begins with an array, or an object that goes on."""
    first, *more = [line for line in head.lstrip("\ufeff").splitlines() if line.strip()][:2] or [""]
    if not first.lstrip().startswith(("{", "[")):
        return True
    if first.lstrip().startswith("["):
        return False
    # a first line that is broken makes no other file of one that goes on with whole objects
    return _is_object(first) or (bool(more) and _is_object(more[0]))


def _is_object(line: str) -> bool:
    try:
        return isinstance(_decode(line.strip()), dict)
    except (msgspec.DecodeError, UnicodeEncodeError):
        return False


def _lines(path: Path, *, prefixed: bool) -> Iterator[Value | Unreadable]:
    number = 0
    with open_text(path) as lines:
        try:
            for number, line in enumerate(lines, 1):  # noqa: B007 (the number is needed when the file breaks off)
                # a byte order mark lies wherever two files were made one
                value = line.strip().lstrip("\ufeff")
                if prefixed and not value.startswith(("{", "[")) and "{" in value:
                    value = value[value.index("{") :]
                if value:
                    yield from _of_line(number, value.encode("utf-8", "surrogateescape"))
        except (*BROKEN, UnicodeDecodeError) as error:
            yield Unreadable(number + 1, f"the file breaks off: {error}")


def _of_line(number: int, value: bytes) -> Iterator[Value | Unreadable]:
    try:
        yield number, value, _decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        several = split(value)
        if several is None:
            yield Unreadable(number, f"not JSON: {error}")
            return
        for each in several:
            yield from _decoded(number, each)


def _documents(path: Path) -> Iterator[Value | Unreadable]:
    with open_text(path) as text:
        for number, found in documents(text):
            if isinstance(found, str):
                yield Unreadable(number, found)
            else:
                yield from _decoded(number, found)


def _decoded(number: int, value: bytes) -> Iterator[Value | Unreadable]:
    try:
        yield number, value, _decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        yield Unreadable(number, f"not JSON: {error}")
