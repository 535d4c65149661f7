"""Attempts, modules, and what was learnt of a domain."""

from __future__ import annotations

from collections.abc import Iterable

from tests.truth.chapters import DAY_MS, grouped
from tests.truth.facts import Facts, day_of, moment, ratio
from tests.truth.registry import Row, truth


def attempts(facts: Facts) -> list[Row]:
    """Returns the students' attempts, by time, each with its pass mark."""
    found = facts.of_students(facts.memory.quiz_attempts, ("attempted_at", "event_id"))
    for attempt in found:
        attempt["mark"] = facts.pass_mark(attempt["module"])
    return sorted(found, key=lambda a: (a["attempted_at"], a["place"]))


@truth("student_attempts", "attempted_at", "event_id")
def student_attempts(facts: Facts) -> Iterable[Row]:
    """An attempt."""
    for a in attempts(facts):
        row = {name: value for name, value in a.items() if name != "mark"}
        mark = a["mark"]
        yield {**row, "attempted_at": moment(a["attempted_at"]), "pass_mark": mark, "passed": a["score"] >= mark}


KIND = ("user_id", "domain", "course", "module", "quiz_type")


@truth("quiz_analytics", *KIND)
def quiz_analytics(facts: Facts) -> Iterable[Row]:
    """A student, module and kind of quiz."""
    for key, some in grouped(attempts(facts), lambda a: tuple(a[name] for name in KIND)).items():
        taken = [a["time_taken_seconds"] for a in some if a["time_taken_seconds"] is not None]
        yield {
            **dict(zip(KIND, key, strict=True)),
            "attempt_count": len(some),
            "average_score": sum(round(100 * a["score"]) for a in some) / (100 * len(some)),
            "average_time_taken": ratio(sum(taken), len(taken)),
            "last_attempted_at": moment(max(a["attempted_at"] for a in some)),
            "passed_count": sum(a["score"] >= a["mark"] for a in some),
            "best_score": max(a["score"] for a in some),
        }


DAY = ("bucket", "domain", "module", "quiz_type")


def by_day(facts: Facts) -> dict[tuple[int, str | None, str | None, str], list[Row]]:
    """Returns attempts by day, domain, module and kind."""
    return grouped(
        attempts(facts),
        lambda a: (a["attempted_at"] // DAY_MS * DAY_MS, a["domain"], a["module"], a["quiz_type"]),
    )


def bands(some: list[Row]) -> list[int]:
    """Returns how many scored 0-9, 10-19 … 90-100."""
    return [sum(min(int(a["score"] // 10), 9) == band for a in some) for band in range(10)]


@truth("module_performance", *DAY)
def module_performance(facts: Facts) -> Iterable[Row]:
    """A day, module and kind of quiz; a student's first attempt ever is counted on its day."""
    firsts: dict[tuple[str, str, str], str] = {}
    for a in attempts(facts):
        if a["module"] is not None:
            firsts.setdefault((a["user_id"], a["module"], a["quiz_type"]), a["event_id"])
    first_ids = set(firsts.values())
    for key, some in by_day(facts).items():
        first = [a for a in some if a["event_id"] in first_ids]
        failed = sum(a["score"] < a["mark"] for a in first)
        points = sum(round(100 * a["score"]) for a in some)
        yield {
            **dict(zip(DAY, key, strict=True)),
            "bucket": moment(key[0]),
            "attempts": len(some),
            "score_sum": points,
            **{f"s{band}": number for band, number in enumerate(bands(some))},
            "average_score": points / (100 * len(some)),
            "first_attempts": len(first),
            "first_failed": failed,
            "failure_rate": ratio(failed, len(first)),
        }


@truth("module_summary", *DAY)
def module_summary(facts: Facts) -> Iterable[Row]:
    """The same, by the job."""
    return module_performance(facts)


@truth("score_distribution", *DAY, "from_score")
def score_distribution(facts: Facts) -> Iterable[Row]:
    """The same by ten points."""
    for key, some in by_day(facts).items():
        for band, number in enumerate(bands(some)):
            named = dict(zip(DAY, key, strict=True))
            yield {**named, "bucket": moment(key[0]), "from_score": 10 * band, "attempts": number}


PLACE = ("class_id", "course", "module", "quiz_type")
BANDS = tuple(f"s{band}" for band in range(10))


@truth("attempts_by_day", "day", *PLACE, sums=("attempts", "score_sum", *BANDS, "above_mark"))
def attempts_by_day(facts: Facts) -> Iterable[Row]:
    """A day, class, course, module and kind; what passed is counted one by one where the pass mark parts a band."""
    placed = grouped(attempts(facts), lambda a: (day_of(a["attempted_at"]), *(a[name] for name in PLACE)))
    for (day, *place), some in placed.items():
        mark = some[0]["mark"]
        parted = [a for a in some if min(int(a["score"] // 10), 9) == min(int(mark // 10), 9) and a["score"] >= mark]
        yield {
            "day": day,
            **dict(zip(PLACE, place, strict=True)),
            "pass_mark": mark,
            "attempts": len(some),
            "score_sum": sum(round(10000 * a["score"]) for a in some),
            **dict(zip(BANDS, bands(some), strict=True)),
            "above_mark": len(parted) if mark % 10 or mark > 90 else 0,
        }


@truth("user_engagement", "user_id", "domain")
def user_engagement(facts: Facts) -> Iterable[Row]:
    """A student and domain: what was begun and finished there, and how long quizzes took."""
    learnt = facts.of_students(facts.memory.learning_events, ("at", "event_id"))
    rows = [{**e, "taken": 0} for e in learnt if e["kind"] != "login"]
    rows += [
        {**a, "at": a["attempted_at"], "kind": "quiz", "taken": a["time_taken_seconds"] or 0} for a in attempts(facts)
    ]
    for (user, domain), some in grouped(rows, lambda r: (r["user_id"], r["domain"])).items():
        finished = {r["module"] for r in some if r["kind"] == "module_completed"} - {None}
        begun = {r["module"] for r in some if r["kind"] == "module_started"} - {None}
        yield {
            "user_id": user,
            "domain": domain,
            "modules_started": len(begun | finished),
            "modules_completed": len(finished),
            "total_quiz_attempts": sum(r["kind"] == "quiz" for r in some),
            "total_time_seconds": sum(round(1000 * r["taken"]) for r in some) / 1000,
            "last_activity_at": moment(max(r["at"] for r in some)),
        }
