"""Five years of a real course's Moodle log through the content flow, against the oracle, to the row."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from statistics import median

import pytest

from tests.e2e.harness import stack
from tests.e2e.studying import assert_studied, expected_of
from tests.oracle.content import ExpectedContent
from tests.parts import require

ROWS_SHOWN = 12


@pytest.mark.long
def test_sessions_and_times_of_five_years_are_what_the_oracle_says(
    kafka: str, timescale_url: str, topic_prefix: str, tmp_path: Path, data_dir: Path
) -> None:
    log = data_dir / "moodle-oop-course.csv.gz"
    require("data", log.is_file(), f"{log} does not exist")
    with stack(kafka, timescale_url, topic_prefix, tmp_path) as here:
        here.command("replay", str(log), "--format", "moodle", "--close")
        here.catch_up("content")
        expected = expected_of(here)
        assert_studied(here, expected)
    assert not expected.sessions_open
    assert expected.late == expected.duplicates == 0
    table = sessions_by_term(expected) + "\n\n" + minutes_by_activity(expected)
    (tmp_path / "moodle.md").write_text(table + "\n")
    print(f"\n{table}")


def sessions_by_term(expected: ExpectedContent) -> str:
    """Returns the sessions of each term (class) as a table, in the order in which the terms began."""
    terms: dict[str, list[tuple[int, str, float, int, bool]]] = defaultdict(list)
    for (start, student), row in expected.sessions_closed.items():
        length = row["duration_seconds"] / 60
        terms[row["class_id"] or "none"].append((start, student, length, row["events"], row["is_bounce"]))
    lines = ["| term | students | sessions | a student | median min | mean min | events a session | bounces |"]
    lines.append("|---|---|---|---|---|---|---|---|")
    for term, found in sorted(terms.items(), key=lambda item: median(start for start, *_ in item[1])):
        students, count = len({student for _, student, *_ in found}), len(found)
        lengths = [length for _, _, length, *_ in found]
        bounces = sum(one[-1] for one in found) / count
        lines.append(
            f"| {term} | {students} | {count:,} | {count / students:.1f} | {median(lengths):.1f} | "
            f"{sum(lengths) / count:.1f} | {sum(one[3] for one in found) / count:.1f} | {bounces:.1%} |"
        )
    return "\n".join(lines)


def minutes_by_activity(expected: ExpectedContent) -> str:
    """Returns the activities with most students and the median of these students' minutes as a table."""
    spent: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    visits: dict[str, list[float]] = defaultdict(list)
    for row in expected.chapter_visit_facts.values():
        spent[row["chapter_id"]][row["student_id"]] += row["time_spent_seconds"] / 60
        visits[row["chapter_id"]].append(row["time_spent_seconds"] / 60)
    lines = [
        "| activity | students | visits | hours | median min a student | median min a visit |",
        "|---|---|---|---|---|---|",
    ]
    for activity, students in sorted(spent.items(), key=lambda item: (-len(item[1]), item[0]))[:ROWS_SHOWN]:
        lines.append(
            f"| {activity} | {len(students)} | {len(visits[activity])} | {sum(students.values()) / 60:.1f} | "
            f"{median(students.values()):.2f} | {median(visits[activity]):.2f} |"
        )
    hours = sum(sum(students.values()) for students in spent.values()) / 60
    middle = median(median(students.values()) for students in spent.values())
    count = len(expected.chapter_visit_facts)
    lines.append(
        f"\n{len(spent)} activities, {count:,} visits, {hours:.0f} h; median of these medians {middle:.2f} min"
    )
    return "\n".join(lines)
