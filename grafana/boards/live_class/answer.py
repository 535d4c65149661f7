"""The one answer that most panels of the board show a part of: `queries/live_class/now.sql`."""

from __future__ import annotations

from typing import Final

HEADLINE_ID: Final = 4  # the panel that asks; the others show its answer
COLUMNS: Final = (
    "kind",
    "label",
    "place",
    "Active now",
    "Idle",
    "Present",
    "Absent",
    "Enrolled",
    "Idle share",
    "Engagement",
    "State",
    "As of",
    "Lag",
)
