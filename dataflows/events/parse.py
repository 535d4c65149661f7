"""From the bytes of one record to a document, the same for every decoder."""

from __future__ import annotations

from typing import Any

import msgspec

from dataflows.events.rejects import RejectedError
from dataflows.events.rules import MAX_DEPTH, Rules


def _float(text: str) -> float | str:
    number = float(text)
    # 1e999 is JSON but no double: its text is kept
    return number if abs(number) != float("inf") else text


_decode = msgspec.json.Decoder().decode
_decode_with_huge_floats = msgspec.json.Decoder(float_hook=_float).decode


def parse(value: bytes | None, rules: Rules) -> dict[str, Any]:
    """Returns the JSON object in a record's value.

    Raises:
        RejectedError: `too_large`, or `not_json` for anything that is not one JSON object in UTF-8.
    """
    if value is None:
        raise RejectedError("not_json", "no value and no tick header")
    if len(value) > rules.max_bytes:
        raise RejectedError("too_large", f"{len(value)} bytes, {rules.max_bytes} are allowed")
    document = _json(value)
    if not isinstance(document, dict):
        raise RejectedError("not_json", f"a JSON object is expected, not {json_type(document)}")
    if value.count(b"{") + value.count(b"[") > MAX_DEPTH and _depth_exceeds(document, MAX_DEPTH):
        raise RejectedError("not_json", f"nested deeper than {MAX_DEPTH}")
    return document


def _json(value: bytes) -> object:
    try:
        return _decode(value)
    except msgspec.ValidationError:
        pass  # the only thing that an untyped decode can find invalid is a number out of range
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RejectedError("not_json", str(error)) from None
    except RecursionError:
        raise RejectedError("not_json", f"nested deeper than {MAX_DEPTH}") from None
    try:
        return _decode_with_huge_floats(value)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RejectedError("not_json", str(error)) from None


def _depth_exceeds(document: object, limit: int) -> bool:
    level = [document]
    for _ in range(limit):
        level = [
            child
            for parent in level
            for child in (parent.values() if isinstance(parent, dict) else parent)
            if isinstance(child, dict | list)
        ]
        if not level:
            return False
    return True


def json_type(value: object) -> str:
    """Returns the JSON name of a decoded value's type.

    Example:
        >>> json_type([1]), json_type(True), json_type(None)
        ('array', 'boolean', 'null')
    """
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    return {str: "text", list: "array", dict: "object"}[type(value)]
