"""The ways in which a student's id may be written, and where a search for it means the student."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import Final
from urllib.parse import quote

from api.ingest.pseudonyms import pseudonyms
from api.settings import ApiSettings
from dataflows.events.text import tidy

DISTINCTIVE: Final = 8
"""From so many characters on an id is nobody's word: wherever it stands, the student is meant. `17` is a score too."""


def ids_of(given: Iterable[str], api: ApiSettings) -> list[str]:
    """Returns the ids under which students are kept: as given, tidied, and as pseudonyms where the gateway makes some.

    Args:
        given: Ids as a person typed them.
        api: The gateway's settings, which hold the key of pseudonyms.
    """
    found = dict.fromkeys(tidy(one) for one in given)
    if api.key:
        make = pseudonyms(api.key)
        found |= dict.fromkeys(make(one) for one in list(found))
    return [one for one in found if one]


def spellings(student_id: str) -> list[str]:
    """Returns the spellings of a kept id that a text may hold: composed, decomposed, and in addresses.

    Example:
        >>> spellings("zo\u00eb 1") == ["zo\u00eb 1", "zoe\u0308 1", "zo%C3%AB%201"]
        True
    """
    return list(dict.fromkeys([student_id, unicodedata.normalize("NFD", student_id), quote(student_id, safe="")]))


def is_distinctive(student_id: str) -> bool:
    """Says whether an id means the student wherever it stands."""
    return len(student_id) >= DISTINCTIVE
