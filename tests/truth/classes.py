"""Classes side by side, by those who are enrolled in them now."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from tests.truth.activity import class_days, days
from tests.truth.chapters import grouped
from tests.truth.courses import class_members, counts_in, enrolled_courses, student_course_completion, student_risk
from tests.truth.facts import Facts, day_of, median, moment
from tests.truth.quizzes import attempts
from tests.truth.registry import Row, truth

RISK_ENTERS = 0.6


def _own(facts: Facts) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for member in class_members(facts):
        found.setdefault(member["student_id"], set()).add(member["class_id"])
    return found


@truth("class_member_days", "class_id", "student_id", "day")
def class_member_days(facts: Facts) -> Iterable[Row]:
    """What names one of a student's classes counts there, what names none of them in each."""
    own = _own(facts)
    whole = {(d["day"], d["student_id"]): d["minutes_active"] for d in days(facts)}
    sums: defaultdict[tuple[str, str, str], list[int]] = defaultdict(lambda: [0, 0])
    for d in class_days(facts):
        for class_id in counts_in(d["class_id"], own.get(d["student_id"], set())):
            row = sums[class_id, d["student_id"], d["day"]]
            row[0] += d["minutes_active"]
            row[1] += d["interactions"]
    for (class_id, student, day), (minutes, count) in sums.items():
        reported = {"class_id": class_id, "student_id": student, "day": day, "interactions": count}
        yield {**reported, "minutes_active": min(minutes, whole[day, student])}


@truth("class_attempts", "class_id", "attempted_at", "event_id")
def class_attempts(facts: Facts) -> Iterable[Row]:
    """The same of attempts."""
    own = _own(facts)
    reported = ("event_id", "course", "module", "quiz_type", "score")
    for a in attempts(facts):
        for class_id in counts_in(a["class_id"], own.get(a["user_id"], set())):
            yield {
                **{name: a[name] for name in reported},
                "class_id": class_id,
                "student_id": a["user_id"],
                "attempted_at": moment(a["attempted_at"]),
                "pass_mark": a["mark"],
                "passed": a["score"] >= a["mark"],
            }


def courses_taken(facts: Facts) -> defaultdict[str, tuple[str, ...]]:
    """Returns by student the courses in which they are enrolled."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for row in enrolled_courses(facts):
        found[row["student_id"]].add(row["course_id"])
    return defaultdict(tuple, {student: tuple(sorted(courses)) for student, courses in found.items()})


@truth("class_days_summary", "class_id", "courses", "day", "previous_day")
def class_days_summary(facts: Facts) -> Iterable[Row]:
    """A class, day, and the day on which those who were active then had been before; attempts stand by themselves."""
    taken_by = courses_taken(facts)
    sums: defaultdict[tuple[str, tuple[str, ...], str, str | None], list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for (class_id, student), some in grouped(
        class_member_days(facts), lambda d: (d["class_id"], d["student_id"])
    ).items():
        previous: str | None = None
        for d in sorted(some, key=lambda d: d["day"]):
            row = sums[class_id, taken_by[student], d["day"], previous]
            row[0] += 1
            row[1] += d["minutes_active"]
            previous = d["day"]
    for a in class_attempts(facts):
        row = sums[a["class_id"], taken_by[a["student_id"]], a["attempted_at"].date().isoformat(), None]
        row[2] += 1
        row[3] += round(10_000 * a["score"])
    for (class_id, courses, day, previous), (students, active, taken, points) in sums.items():
        yield {
            "class_id": class_id,
            "courses": list(courses),
            "day": day,
            "previous_day": previous,
            "students": students,
            "minutes_active": active,
            "attempts": taken,
            "score_sum": points,
        }


@truth("class_course_days_summary", "class_id", "courses", "course", "day")
def class_course_days_summary(facts: Facts) -> Iterable[Row]:
    """A class, the courses that some of it take, the course of their quizzes and a day."""
    taken_by = courses_taken(facts)
    made = grouped(
        (a for a in class_attempts(facts) if a["course"]),
        lambda a: (a["class_id"], taken_by[a["student_id"]], a["course"], a["attempted_at"].date().isoformat()),
    )
    for (class_id, courses, course, day), some in made.items():
        yield {
            "class_id": class_id,
            "courses": list(courses),
            "course": course,
            "day": day,
            "attempts": len(some),
            "score_sum": sum(round(10_000 * a["score"]) for a in some),
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
