"""The SQL of the GET routes: one file a question, over views alone, so that panels and answers agree."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Final, LiteralString

HERE: Final = Path(__file__).parent
_INCLUDE: Final = re.compile(r"\{\{(\w+)\}\}")


@cache
def load(name: str) -> LiteralString:
    """Returns the SQL in `<name>.sql`; a name in double braces is the fragment `_<name>.sql`.

    Raises:
        FileNotFoundError: There is no such query or fragment.

    Example:
        >>> "class_students" in load("people")
        True
    """
    text = (HERE / f"{name}.sql").read_text(encoding="utf-8")
    filled = _INCLUDE.sub(lambda found: (HERE / f"_{found.group(1)}.sql").read_text(encoding="utf-8").strip(), text)
    return filled.strip()
