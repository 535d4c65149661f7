"""From the bytes of one record to a document, the same for every decoder."""

from __future__ import annotations

from typing import Any

import msgspec

from dataflows.events.rejects import refuse
from dataflows.events.rules import MAX_DEPTH, Rules


def _float(text: str) -> float | str:
    number = float(text)
    # 1e999 is JSON but no double: its text is kept
    return number if abs(number) != float("inf") else text


_TOO_DEEP = f"nested deeper than {MAX_DEPTH}"

_decode = msgspec.json.Decoder().decode
_decode_with_huge_floats = msgspec.json.Decoder(float_hook=_float).decode


def parse(value: bytes | None, rules: Rules, *, accepted: bool = False) -> dict[str, Any]:
    """Returns the JSON object in a record's value.

    Args:
        value: The value.
        rules: What is allowed.
        accepted: Whether it was accepted before (`Records.accepted`).

    Raises:
        RejectedError: `too_large`, or `not_json` for anything that is not one JSON object in UTF-8.
    """
    if value is None:
        refuse("not_json", "no value and no tick header")
    if len(value) > rules.max_bytes and not accepted:
        refuse("too_large", f"{len(value)} bytes, {rules.max_bytes} are allowed")
    document = _json(value)
    if not isinstance(document, dict):
        refuse("not_json", f"a JSON object is expected, not {json_type(document)}")
    suspect = not accepted and value.count(b"{") + value.count(b"[") > MAX_DEPTH
    if suspect and _depth_exceeds(document, MAX_DEPTH):
        refuse("not_json", _TOO_DEEP)
    return document


def _json(value: bytes) -> object:
    try:
        try:
            return _decode(value)
        except msgspec.ValidationError:
            # all that an untyped decode can find invalid is a number out of range
            return _decode_with_huge_floats(value)
    except RecursionError:
        refuse("not_json", _TOO_DEEP)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        refuse("not_json", str(error))


def _depth_exceeds(document: dict[str, Any], limit: int) -> bool:
    level: list[Any] = [document]
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


_TYPES = ((bool, "boolean"), (int | float, "number"), (str, "text"), (list, "array"), (dict, "object"))


def json_type(value: object) -> str:
    """Returns the JSON name of a decoded value's type.

    Example:
        >>> json_type([1]), json_type(True), json_type(None)
        ('array', 'boolean', 'null')
    """
    for kind, name in _TYPES:
        if isinstance(value, kind):
            return name
    return "null"
