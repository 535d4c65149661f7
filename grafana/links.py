"""Links from a number to the board that explains it; a board that does not exist yet gets no link."""

from __future__ import annotations

from typing import Final

BOARDS: Final = {
    "live_class": "classpulse-live-class",
    "chapters": "classpulse-chapters",
    "memory": "classpulse-memory",
    "student": "classpulse-student",
    "overview": "classpulse-overview",
    "school": "classpulse-school",
    "pipeline": "classpulse-pipeline",
}


def drill(title: str, board: str, **columns: str) -> list[dict[str, object]]:
    """Returns the data link to a board, with a variable set from a column of the clicked row.

    Args:
        title: what the reader will find there.
        board: the board's key; unknown keys give no link, so boards may point at what will come.
        columns: variable name → column of the row.

    Example:
        >>> drill("This class", "live_class", **{"class": "class_id"})[0]["url"]
        '/d/classpulse-live-class?var-class=${__data.fields.class_id:percentencode}&${__url_time_range}'
        >>> drill("This student", "not_built_yet")
        []
    """
    if board not in BOARDS:
        return []
    values = "".join(f"var-{name}=${{__data.fields.{column}:percentencode}}&" for name, column in columns.items())
    return [{"title": title, "url": f"/d/{BOARDS[board]}?{values}${{__url_time_range}}", "targetBlank": False}]
