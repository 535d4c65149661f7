"""What the school teaches as a csv file for `classpulse content load`: courses, chapters, their parts, and titles."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from simulation.curriculum import SUBJECTS, Chapter
from simulation.roster_files import write_csv
from simulation.school import School

COLUMNS: Final = ("course_id", "item_id", "parent_id", "kind", "title", "position", "expected_seconds")
READING_S: Final = 600  # a chapter is its pages and its video
PARTS: Final = (("v1", "video", "Video"), ("quiz", "quiz", "Quiz"), ("task", "assignment", "Assignment"))


def write_content(school: School, folder: Path) -> Path:
    """Writes the items of all courses, each course first under its own id; returns the file.

    Args:
        school: Whose courses.
        folder: Made if it does not exist.
    """
    folder.mkdir(parents=True, exist_ok=True)
    return write_csv(folder / "content.csv", COLUMNS, _items(school))


def _items(school: School) -> Iterator[tuple[object, ...]]:
    """Yields the rows; classes of one grade share their courses."""
    courses = {
        chapters[0].course_id: (f"{SUBJECTS[subject][0]} {group.grade}", chapters)
        for group in school.classes
        for subject, chapters in group.courses.items()
    }
    for course_id, (title, chapters) in courses.items():
        yield course_id, course_id, None, "course", title, 0, None
        for chapter in chapters:
            yield from _chapter(chapter)


def _chapter(chapter: Chapter) -> Iterator[tuple[object, ...]]:
    place, own = chapter.course_id, chapter.chapter_id
    first = chapter.number * (len(PARTS) + 1)
    yield place, own, place, "chapter", chapter.title, first, READING_S + chapter.video_s
    for position, (suffix, kind, title) in enumerate(PARTS, first + 1):
        yield place, f"{own}-{suffix}", own, kind, f"{title}: {chapter.title}", position, None
