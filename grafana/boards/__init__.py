"""One module a board; each has `FOLDER` and `build(limits)`. The file in `dashboards/` is named as here."""

from __future__ import annotations

from types import ModuleType
from typing import Final

from grafana.boards import chapters, live_class, memory, overview, pipeline, school, student

BOARDS: Final[dict[str, ModuleType]] = {
    "live_class": live_class,
    "chapters": chapters,
    "memory": memory,
    "student": student,
    "pipeline": pipeline,
    "overview": overview,
    "school": school,
}
