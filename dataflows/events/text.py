"""Scalars of a document as text for ids and names."""

from __future__ import annotations

import unicodedata
from typing import Final

from dataflows.events.parse import json_type
from dataflows.events.rejects import refuse
from dataflows.events.rules import MAX_TEXT, MAX_TEXT_BYTES

BLANKS: Final = (
    "\t\n\v\f\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
    "\xad\u180e\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2061\u2062\u2063\u2064"
    "\u2066\u2067\u2068\u2069\ufeff"
)
"""What is seen of none of them: white space, and marks without a width (a byte order mark is one) at a text's ends."""

_MAY_BEGIN_BLANK: Final = frozenset(BLANKS) | {"\0"}


def tidy(text: str) -> str:
    r"""Returns a text as it is kept: trimmed, in normal form C, and without the NUL characters PostgreSQL cannot hold.

    So one id is one id, however it was typed, pasted or exported. Whoever compares ids goes through here: decoders, the
    keys of our producers, rosters and contents, and the ids that a command is given.

    Example:
        >>> tidy(" ann"), tidy("\ufeffann\xa0"), tidy("Zoe\u0308") == "Zo\xeb", tidy("a\0b c")
        ('ann', 'ann', True, 'ab c')
    """
    if "\0" in text:
        text = text.replace("\0", "")
    if text.isascii():
        return text.strip()
    return unicodedata.normalize("NFC", text.strip(BLANKS))


def is_blank(value: object) -> bool:
    r"""Says whether a field counts as missing: null, or text of which `tidy` leaves nothing.

    Example:
        >>> is_blank(None), is_blank(""), is_blank(" \0"), is_blank("\ufeff"), is_blank(0)
        (True, True, True, True, False)
    """
    if isinstance(value, str):
        return not value or (value[0] in _MAY_BEGIN_BLANK and not tidy(value))
    return value is None


def as_text(value: object) -> str | None:
    """Returns a scalar as tidy text; None for the rest.

    Whole floats lose their `.0`, because spreadsheets and data frames write class 7 as 7.0.

    Example:
        >>> as_text("7B "), as_text(7), as_text(7.0), as_text(True), as_text([7])
        ('7B', '7', '7', 'true', None)
    """
    if isinstance(value, str):
        return tidy(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 2**53 else str(value)
    return str(value) if isinstance(value, int) else None


def strict_text(value: object, field: str) -> str:
    """Returns the text of a field whose wrong type rejects the event.

    Raises:
        RejectedError: `bad_type` for an array or object, or for a text that is too long.
    """
    text = as_text(value)
    if text is None:
        refuse("bad_type", f"{field}: text is expected, not {json_type(value)}")
    _check_length(text, field)
    return text


def lenient_text(value: object, limit: int = MAX_TEXT) -> str | None:
    """Returns the text of a field that may be anything: None where it is blank, no scalar, or too long."""
    text = as_text(value)
    return text if text and len(text) <= limit else None


def id_text(value: object, field: str) -> str | None:
    """Returns the text of an id that may be absent or no text at all, which is then None.

    Raises:
        RejectedError: `bad_type` for one that is too long: an id that is cut, or dropped, would be another one.
    """
    text = as_text(value)
    if text:
        _check_length(text, field)
    return text or None


def is_too_long(text: str) -> bool:
    """Says whether an id or a name is longer than a key's part may be."""
    return len(text) > MAX_TEXT or (
        len(text) > MAX_TEXT_BYTES // 4 and not text.isascii() and len(text.encode()) > MAX_TEXT_BYTES
    )


def _check_length(text: str, field: str) -> None:
    if is_too_long(text):
        characters, size = f"{MAX_TEXT} characters", f"{MAX_TEXT_BYTES} bytes of UTF-8"
        refuse("bad_type", f"{field}: longer than {characters if len(text) > MAX_TEXT else size}")
