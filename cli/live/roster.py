"""The simulated school's roster, as the database wants it: classes, who is in them, and their names."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import psycopg

from cli.simulation.school import School

ENROLLED_BEFORE = timedelta(days=60)


def load(school: School, url: str) -> None:
    """Writes classes, enrolments (one a student and course) and the directory into an empty database."""
    since = datetime.now(UTC) - ENROLLED_BEFORE
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        with cursor.copy("COPY classes (class_id, title, grade) FROM STDIN") as copy:
            for group in school.classes:
                copy.write_row((group.class_id, f"Class {group.class_id}", group.grade))
        with cursor.copy("COPY directory (student_id, display_name) FROM STDIN") as copy:
            for group in school.classes:
                for student in group.students:
                    copy.write_row((student.student_id, student.name))
        with cursor.copy("COPY enrolments (student_id, course_id, class_id, enrolled_at, class_at) FROM STDIN") as copy:
            for group in school.classes:
                for chapters in group.courses.values():
                    for student in group.students:
                        copy.write_row((student.student_id, chapters[0].course_id, group.class_id, since, since))
        cursor.execute("ANALYZE classes, directory, enrolments")
