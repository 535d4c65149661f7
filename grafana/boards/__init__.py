"""One module a board; each has `FOLDER` and `build(limits)`. The file in `dashboards/` is named as here."""

from __future__ import annotations

from types import ModuleType
from typing import Final

from grafana.boards.chapters import board as chapters
from grafana.boards.live_class import board as live_class
from grafana.boards.memory import board as memory
from grafana.boards.overview import board as overview
from grafana.boards.pipeline import board as pipeline
from grafana.boards.school import board as school
from grafana.boards.student import board as student

BOARDS: Final[dict[str, ModuleType]] = {
    "live_class": live_class,
    "chapters": chapters,
    "memory": memory,
    "student": student,
    "pipeline": pipeline,
    "overview": overview,
    "school": school,
}
