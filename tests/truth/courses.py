"""Courses, who is in them, and who may be lost."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from tests.truth.activity import days
from tests.truth.chapters import grouped
from tests.truth.facts import Facts, median, moment, ratio
from tests.truth.memories import learnt
from tests.truth.quizzes import attempts
from tests.truth.registry import Row, truth
from tests.truth.videos import views

Pair = tuple[str, str]
ENROLMENT = {"course_enroll", "course_unenroll", "course_complete"}  # said by servers: no activity


def enrolled(facts: Facts) -> list[Row]:
    """Returns the enrolments that hold now: the roster has nobody who came back."""
    rows = facts.world.tables["enrolments"]
    return [row for row in rows if row["left_at"] is None and row["enrolled_at"] <= facts.world.now]


def touches(facts: Facts) -> Iterable[tuple[str, str, str | None, int, bool]]:
    """Yields what students did with items of courses: student, course, item, when, whether that finished it."""
    for v in facts.visits:
        if v["course_id"]:
            whole = v["scroll_depth"] is not None and v["scroll_depth"] >= 100
            yield v["student_id"], v["course_id"], v["chapter_id"], v["end_time"], whole
    for m in facts.of_students(facts.content.milestones, ("at", "id")):
        if m["kind"] in ENROLMENT or not m["course_id"]:
            continue
        for item in {m["item_id"], m["chapter_id"]}:
            submitted = m["kind"] in {"quiz_submit", "assignment_submit"} and item == m["item_id"]
            yield m["student_id"], m["course_id"], item, m["at"], m["kind"] == "lesson_complete" or submitted
    for v in views(facts):
        if v["course_id"]:
            yield v["student_id"], v["course_id"], v["video_id"], v["start_time"], v["completed"]
    for e in learnt(facts):
        if e["course"] and e["kind"].startswith("module_"):
            yield e["user_id"], e["course"], e["module"], e["at"], e["kind"] == "module_completed"
    for a in attempts(facts):
        if a["course"]:
            item = facts.items.get((a["course"], a["module"] or ""), {})
            alone = a["quiz_type"] == "module" and item.get("kind") != "module"
            yield a["user_id"], a["course"], a["module"], a["attempted_at"], alone


def last_interactions(facts: Facts) -> dict[Pair, int]:
    """Returns the minute of each student's last interaction in a course, of all topics."""
    found: dict[Pair, int] = {}
    for (at, _id, _topic), e in facts.engagement.events.items():
        key = e["student_id"], e["course_id"]
        silent = e["event_name"] in {"idle", "session_end", *ENROLMENT} or (e["metadata"] or {}).get("hidden") is True
        if key[1] and e["role"] == "student" and key[0] not in facts.staff and not silent:
            found[key] = max(found.get(key, 0), at // 60_000 * 60_000)
    for (student, course), at in _learning_minutes(facts).items():
        found[student, course] = max(found.get((student, course), 0), at)
    return found


def _learning_minutes(facts: Facts) -> dict[Pair, int]:
    reported = [(e["user_id"], e["course"], e["at"]) for e in learnt(facts)]
    reported += [(a["user_id"], a["course"], a["attempted_at"]) for a in attempts(facts)]
    found: dict[Pair, int] = {}
    for student, course, at in reported:
        if course:
            found[student, course] = max(found.get((student, course), 0), at // 60_000 * 60_000)
    return found


def progress(facts: Facts) -> dict[Pair, Row]:
    """Returns how far students came in courses, those too who never came."""
    found: dict[Pair, Row] = {}
    done: dict[Pair, set[str]] = {}

    def seen(student: str, course: str, at: int | None) -> None:
        row = found.setdefault((student, course), {"last": None})
        row["last"] = max(filter(None, (row["last"], at)), default=None)

    for student, course, item, at, finished in touches(facts):
        seen(student, course, at)
        if finished and item and (course, item) in facts.items:
            done.setdefault((student, course), set()).add(item)
    for (student, course), at in last_interactions(facts).items():
        seen(student, course, at)
    for row in enrolled(facts):
        seen(row["student_id"], row["course_id"], None)
    for (student, course), row in found.items():
        row["finished"] = len(done.get((student, course), ()))
        row["items"] = sum(key[0] == course for key in facts.items) or None
        row["share"] = ratio(row["finished"], row["items"] or 0)
    return found


@truth("student_course_completion", "student_id", "course_id")
def student_course_completion(facts: Facts) -> Iterable[Row]:
    """A student and course; nothing in the log completes a course at one stroke."""
    for (student, course), row in progress(facts).items():
        yield {
            "student_id": student,
            "course_id": course,
            "finished_items": row["finished"],
            "total_items": row["items"],
            "completion_pct": None if row["share"] is None else 100 * row["share"],
            "completed_at": None,
            "last_activity_at": moment(row["last"]),
        }


def term(facts: Facts) -> Row:
    """Returns the term that runs."""
    now = facts.world.now.date()
    return next(t for t in facts.world.tables["terms"] if t["starts"] <= now <= t["ends"])


def study_days(facts: Facts) -> list[date]:
    """Returns the seven days of lessons before today; Monday to Friday where no lesson is known."""
    weekdays = {p["weekday"] for p in facts.world.tables["periods"]} or {1, 2, 3, 4, 5}
    before = [facts.world.now.date() - timedelta(days=n) for n in range(1, 121)]
    terms = facts.world.tables["terms"]
    return [
        day for day in before if day.isoweekday() in weekdays and any(t["starts"] <= day <= t["ends"] for t in terms)
    ][:7]


@truth("student_risk", "student_id", "course_id")
def student_risk(facts: Facts) -> Iterable[Row]:
    """Whoever is enrolled, by the term that runs."""
    now, starts, lived = facts.world.now.date(), term(facts)["starts"], study_days(facts)
    far, members = progress(facts), enrolled(facts)
    quizzes = grouped(attempts(facts), lambda a: (a["user_id"], a["course"]))
    handed = {(s, c, i) for s, c, i, _at, done in touches(facts) if done}
    handed |= {(a["user_id"], a["course"], a["module"]) for a in attempts(facts) if a["quiz_type"] == "module"}
    classes = grouped(members, lambda e: (e["course_id"], e["class_id"]))
    least = {k: median([far[o["student_id"], k[0]]["share"] or 0 for o in some], 0.2) for k, some in classes.items()}
    states = facts.engagement.student_state
    for e in members:
        key = e["student_id"], e["course_id"]
        mine = far[key]
        began = max(datetime.combine(starts, time(), UTC), e["enrolled_at"])
        last = None if mine["last"] is None else _day(mine["last"])
        state = states.get((key[0],), {"last_interaction_at": None})
        here = state["last_interaction_at"] is not None and state["course_id"] in {None, key[1]}
        seen = max(filter(None, (last, _day(state["last_interaction_at"]) if here else None)), default=None)
        scores = [a for a in quizzes.get(key, []) if a["quiz_type"] != "diagnostic"][-2:]
        due = [i for i in facts.items.values() if i["course_id"] == key[1] and i.get("due_at")]
        missed = [i for i in due if began <= i["due_at"] < facts.world.now and (*key, i["item_id"]) not in handed]
        reported = {
            "never_started": (now - began.date()).days + 1 >= 7 and (last is None or last < starts),
            "away": len(lived) == 7 and began.date() <= lived[-1] and (seen is None or seen < lived[-1]),
            "behind": (mine["share"] or 0) < (least[key[1], e["class_id"]] or 0),
            "failing": len(scores) == 2 and all(a["score"] < a["mark"] for a in scores),
        }
        weights = {"never_started": 4, "away": 4, "behind": 2, "failing": 3}
        points = sum(weights[name] for name, holds in reported.items() if holds) + 3 * bool(missed)
        yield {
            "student_id": key[0],
            "course_id": key[1],
            "class_id": e["class_id"],
            **reported,
            "overdue_items": len(missed),
            "score": points / 10 if (now - starts).days + 1 >= 14 else None,
            "reasons": [WORDS[name] for name, holds in reported.items() if holds]
            + ["missed a due date"] * bool(missed),
            "last_activity_at": moment(mine["last"]),
        }


WORDS = {
    "never_started": "has not started the course",
    "away": "not seen for seven study days",
    "behind": "further behind than four fifths of the class",
    "failing": "the last two scores are below the pass mark",
}


def _day(ms: int) -> date:
    at = moment(ms)
    assert at is not None
    return at.date()


def monday_of(day: date) -> date:
    """Returns the Monday of a day's week."""
    return day - timedelta(days=day.weekday())


@truth("cohort_retention", "cohort_week", "week_number")
def cohort_retention(facts: Facts) -> Iterable[Row]:
    """Students by the week of their first enrolment, up to this week."""
    firsts: dict[str, date] = {}
    for e in facts.world.tables["enrolments"]:
        day = e["enrolled_at"].date()
        firsts[e["student_id"]] = min(day, firsts.get(e["student_id"], day))
    weeks = {(d["student_id"], monday_of(date.fromisoformat(d["day"]))) for d in days(facts) if d["interactions"]}
    for cohort, some in grouped(
        ({"s": s, "week": monday_of(day)} for s, day in firsts.items()), lambda r: r["week"]
    ).items():
        for number in range((monday_of(facts.world.now.date()) - cohort).days // 7 + 1):
            here = sum((r["s"], cohort + timedelta(days=7 * number)) in weeks for r in some)
            yield {
                "cohort_week": cohort.isoformat(),
                "week_number": number,
                "students": len(some),
                "active_students": here,
                "retention": here / len(some),
            }


def counts_in(named: str | None, own: set[Any] | None) -> set[Any]:
    """Returns the classes that a fact counts in: the one that it names, or all of the student's."""
    return {named} if own is None or named in own else own


@truth("quiz_failure", "class_id", "module")
def quiz_failure(facts: Facts) -> Iterable[Row]:
    """First attempts by class; whoever is on no roster is in the class of the event."""
    own: dict[str, set[Any]] = {}
    for row in enrolled(facts):
        own.setdefault(row["student_id"], set()).add(row["class_id"])
    firsts: dict[Pair, Row] = {}
    for a in attempts(facts):
        in_time = a["attempted_at"] > facts.now_ms - 7 * 86_400_000
        if a["quiz_type"] == "module" and a["module"] and in_time:
            firsts.setdefault((a["user_id"], a["module"]), a)
    rows = [
        {"key": (class_id, a["module"]), **a}
        for a in firsts.values()
        for class_id in counts_in(a["class_id"], own.get(a["user_id"]))
    ]
    for (class_id, module), some in grouped(rows, lambda r: r["key"]).items():
        failed = sum(a["score"] < a["mark"] for a in some)
        yield {
            "class_id": class_id,
            "module": module,
            "domain": max((a["domain"] for a in some if a["domain"]), default=None),
            "students": len(some),
            "failed": failed,
            "failure_rate": failed / len(some),
            "pass_mark": some[0]["mark"],
            "since": facts.world.now - timedelta(days=7),
        }


@truth("quiz_failure_summary", "class_id", "module")
def quiz_failure_summary(facts: Facts) -> Iterable[Row]:
    """The same, by the job."""
    return quiz_failure(facts)


@truth("class_members", "class_id", "student_id")
def class_members(facts: Facts) -> Iterable[Row]:
    """Who is enrolled in a class."""
    pairs = {(row["class_id"], row["student_id"]) for row in enrolled(facts)}
    return [{"class_id": class_id, "student_id": student} for class_id, student in pairs]


@truth("enrolled_courses", "student_id", "course_id", "class_id")
def enrolled_courses(facts: Facts) -> Iterable[Row]:
    """Who takes which course, in which class."""
    columns = ("student_id", "course_id", "class_id")
    return [{name: row[name] for name in columns} for row in enrolled(facts) if row["course_id"] != "*"]


@truth("grade_list", "grade")
def grade_list(facts: Facts) -> Iterable[Row]:
    """Grades of the roster, or seen."""
    seen = {row["grade"] for row in facts.engagement.student_state.values()} - {None}
    return [{"grade": grade} for grade in seen | {row["grade"] for row in facts.world.tables["classes"]}]


@truth("course_list", "course_id")
def course_list(facts: Facts) -> Iterable[Row]:
    """Courses with enrolments, or seen last."""
    seen = {row["course_id"] for row in facts.engagement.student_state.values()} - {None}
    courses = {row["course_id"] for row in facts.world.tables["enrolments"]}
    return [{"course_id": course} for course in seen | courses]


@truth("course_titles", "course_id")
def course_titles(facts: Facts) -> Iterable[Row]:
    """Courses that are an item of themselves."""
    return [
        {"course_id": row["course_id"], "title": row["title"]}
        for row in facts.world.tables["content_items"]
        if (row["kind"], row["item_id"]) == ("course", row["course_id"])
    ]
