"""Scalars of a document as text for ids and names."""

from __future__ import annotations

from dataflows.events.parse import json_type
from dataflows.events.rejects import refuse
from dataflows.events.rules import MAX_TEXT


def is_blank(value: object) -> bool:
    r"""Says whether a field counts as missing: null, or text without a character that can be stored.

    Example:
        >>> is_blank(None), is_blank(""), is_blank("\0"), is_blank(0)
        (True, True, True, False)
    """
    if isinstance(value, str):
        return not value or (value[0] == "\0" and not value.strip("\0"))
    return value is None


def as_text(value: object) -> str | None:
    """Returns a scalar as text, without the NUL characters that PostgreSQL cannot hold; None for the rest.

    Whole floats lose their `.0`, because spreadsheets and data frames write class 7 as 7.0.

    Example:
        >>> as_text("7B"), as_text(7), as_text(7.0), as_text(True), as_text([7])
        ('7B', '7', '7', 'true', None)
    """
    if isinstance(value, str):
        return value.replace("\0", "") if "\0" in value else value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 2**53 else str(value)
    return str(value) if isinstance(value, int) else None


def strict_text(value: object, field: str) -> str:
    """Returns the text of a field whose wrong type rejects the event.

    Raises:
        RejectedError: `bad_type` for an array or object, or for more than 256 characters.
    """
    text = value if type(value) is str and "\0" not in value else as_text(value)
    if text is None:
        refuse("bad_type", f"{field}: text is expected, not {json_type(value)}")
    if len(text) > MAX_TEXT:
        refuse("bad_type", f"{field}: longer than {MAX_TEXT} characters")
    return text


def lenient_text(value: object, limit: int = MAX_TEXT) -> str | None:
    """Returns the text of a field that may be anything: None where it is blank, no scalar, or too long."""
    text = as_text(value)
    return text if text and len(text) <= limit else None
