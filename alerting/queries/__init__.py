"""The SQL of the alert rules: one file a rule, read by Grafana, tests and people alike."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).parent
_INCLUDE: Final = re.compile(r"\{\{(\w+)\}\}")


def load(name: str, **values: object) -> str:
    """Returns the SQL in `<name>.sql` with what stands in double braces filled in.

    Args:
        name: the file in this folder without its ending.
        values: numbers to fill in; a name that is not among them is the fragment `_<name>.sql`.

    Raises:
        FileNotFoundError: there is no such query or fragment.

    Example:
        >>> "alert_classes" in load("idle_share", idle_share_high=0.3, present_least=8)
        True
    """

    def fill(match: re.Match[str]) -> str:
        key = match.group(1)
        if key in values:
            return str(values[key])
        return _INCLUDE.sub(fill, (HERE / f"_{key}.sql").read_text(encoding="utf-8").strip())

    return _INCLUDE.sub(fill, (HERE / f"{name}.sql").read_text(encoding="utf-8")).strip()


def names(name: str) -> set[str]:
    """Returns the names in double braces in `<name>.sql` and its fragments.

    Example:
        >>> "idle_share_high" in names("idle_share")
        True
    """
    found: set[str] = set()
    for key in _INCLUDE.findall((HERE / f"{name}.sql").read_text(encoding="utf-8")):
        found |= names(f"_{key}") if (HERE / f"_{key}.sql").exists() else {key}
    return found
