"""The SQL of the panels: one file a panel, read by boards, tests and people alike."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).parent
_INCLUDE: Final = re.compile(r"\{\{(\w+)\}\}")


def load(name: str, **values: object) -> str:
    """Returns the SQL in `<name>.sql` with what stands in double braces filled in.

    Args:
        name: the file below this folder without its ending, as `live_class/headline`.
        values: numbers to fill in; a name that is not among them is the fragment `_<name>.sql` beside the file.

    Raises:
        FileNotFoundError: there is no such query or fragment.

    Example:
        >>> "class_students" in load("live_class/classes")
        True
    """
    path = HERE / f"{name}.sql"

    def fill(match: re.Match[str]) -> str:
        key = match.group(1)
        if key in values:
            return str(values[key])
        return _INCLUDE.sub(fill, (path.parent / f"_{key}.sql").read_text(encoding="utf-8").strip())

    return _INCLUDE.sub(fill, path.read_text(encoding="utf-8")).strip()
