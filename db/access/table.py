"""The rules as the table of docs/access.md."""

from __future__ import annotations

from db.access.views import rules


def table() -> str:
    """Returns the table, a line a view in the order of their names."""
    lines = ["| view | a login of some classes | school, operators |", "|---|---|---|"]
    lines += [
        f"| `{name}` | {view.of_classes.words} | {view.of_school.words} |" for name, view in sorted(rules().items())
    ]
    return "\n".join(lines)
