"""Classes side by side, by those who are enrolled in them now."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from tests.truth.activity import days
from tests.truth.chapters import grouped
from tests.truth.courses import class_members, student_course_completion, student_risk
from tests.truth.facts import Facts, day_of, median
from tests.truth.quizzes import attempts
from tests.truth.registry import Row, truth

RISK_ENTERS = 0.6


@truth("class_days_summary", "class_id", "day", "previous_day")
def class_days_summary(facts: Facts) -> Iterable[Row]:
    """A class, day, and the day on which those who were active then had been before; attempts stand by themselves."""
    lived = grouped((d for d in days(facts) if d["minutes_active"] > 0), lambda d: d["student_id"])
    tried = grouped(attempts(facts), lambda a: a["user_id"])
    sums: defaultdict[tuple[str, str, str | None], list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for member in class_members(facts):
        previous: str | None = None
        for d in sorted(lived.get(member["student_id"], []), key=lambda d: d["day"]):
            row = sums[member["class_id"], d["day"], previous]
            row[0] += 1
            row[1] += d["minutes_active"]
            previous = d["day"]
        for a in tried.get(member["student_id"], []):
            row = sums[member["class_id"], str(day_of(a["attempted_at"])), None]
            row[2] += 1
            row[3] += round(10_000 * a["score"])
    for (class_id, day, previous), (students, minutes, taken, points) in sums.items():
        yield {
            "class_id": class_id,
            "day": day,
            "previous_day": previous,
            "students": students,
            "minutes_active": minutes,
            "attempts": taken,
            "score_sum": points,
        }


@truth("class_summary", "class_id")
def class_summary(facts: Facts) -> Iterable[Row]:
    """A class: the middle of what its students have finished, and how many of them may be lost."""
    finished: defaultdict[str, list[float]] = defaultdict(list)
    for row in student_course_completion(facts):
        if row["completion_pct"] is not None:
            finished[row["student_id"]].append(row["completion_pct"])
    risky = {row["student_id"] for row in student_risk(facts) if (row["score"] or 0) >= RISK_ENTERS}
    for class_id, members in grouped(class_members(facts), lambda m: m["class_id"]).items():
        students = [m["student_id"] for m in members]
        shares = [sum(finished[s]) / len(finished[s]) if finished.get(s) else 0.0 for s in students]
        yield {
            "class_id": class_id,
            "enrolled": len(students),
            "median_finished": median(shares) if any(finished.get(s) for s in students) else None,
            "at_risk": len(risky & set(students)),
        }


@truth("score_summary", "day", "course", "quiz_type", "from_score")
def score_summary(facts: Facts) -> Iterable[Row]:
    """A day, course, kind and ten points, each attempt held against the pass mark of its module."""
    placed = grouped(
        attempts(facts),
        lambda a: (day_of(a["attempted_at"]), a["course"], a["quiz_type"], 10 * min(int(a["score"] // 10), 9)),
    )
    for (day, course, quiz_type, from_score), some in placed.items():
        yield {
            "day": day,
            "course": course,
            "quiz_type": quiz_type,
            "from_score": from_score,
            "attempts": len(some),
            "passed": sum(a["score"] >= a["mark"] for a in some),
        }
