"""What classes and courses remember, what waits for revision, and what will fall due."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import date
from typing import Any

from tests.truth.chapters import DAY_MS, grouped
from tests.truth.courses import enrolled
from tests.truth.facts import Facts, day_of, median, moment, ratio
from tests.truth.memories import age, chance, curves, knowledge_gaps
from tests.truth.quizzes import attempts
from tests.truth.registry import Row, truth

DAYS = (1, 3, 7)


def due(facts: Facts, curve: Row, days: float) -> str:
    """Returns the urgency in so many days."""
    interval = curve["next_review_at"] - curve["last_reviewed_at"]
    since = facts.now_ms + days * DAY_MS - curve["next_review_at"]
    return "low" if since < 0 else "medium" if since < interval else "high"


@truth("memory_scores", "user_id", "module")
def memory_scores(facts: Facts) -> Iterable[Row]:
    """A curve as of now."""
    reported = ("decay_factor", "model", "last_score", "interval_days", "stability", "difficulty", "reviews")
    for c in curves(facts):
        yield {
            **{name: c[name] for name in ("user_id", "domain", "module", *reported)},
            "current_score": c["last_score"] * c["retention"],
            "forgetting_score": 100 * (1 - c["retention"]),
            "revision_urgency": c["urgency"],
            "last_reviewed_at": moment(c["last_reviewed_at"]),
            "next_review_at": moment(c["next_review_at"]),
            "retention": c["retention"],
            "pass_chance": chance(facts, c, age(facts, c)),
            "calibration": 1,
        }


@truth("revision_signals", "user_id", "module_id", "scheduled_at")
def revision_signals(facts: Facts) -> Iterable[Row]:
    """A revision that fell due; while it is open its curve is the present one."""
    now = {(c["user_id"], c["module"]): c for c in curves(facts)}
    for s in facts.of_students(facts.memory.revision_signal_facts, ("user_id", "module_id", "scheduled_at")):
        curve = now[s["user_id"], s["module_id"]]
        yield {
            "user_id": s["user_id"],
            "module_id": s["module_id"],
            "urgency_level": curve["urgency"] if s["reviewed_at"] is None else "low",
            **{name: moment(s[name]) for name in ("scheduled_at", "reviewed_at", "created_at")},
            "domain": curve["domain"],
        }


@truth("revisions_waiting", "user_id", "module", "scheduled_at")
def revisions_waiting(facts: Facts) -> Iterable[Row]:
    """The open ones; a module has fewer than 300."""
    known = {(m["user_id"], m["module"]): m for m in memory_scores(facts)}
    for s in revision_signals(facts):
        if s["reviewed_at"] is None:
            key = s["user_id"], s["module_id"]
            yield {
                "user_id": key[0],
                "module": key[1],
                **{name: s[name] for name in ("urgency_level", "scheduled_at")},
                **{name: known[key][name] for name in ("retention", "pass_chance")},
            }


@truth("reviews_coming", "user_id", "module")
def reviews_coming(facts: Facts) -> Iterable[Row]:
    """Curves that will fall due; a module has fewer than 300."""
    reported = ("user_id", "module", "next_review_at", "retention", "last_score", "pass_chance")
    return [{n: m[n] for n in reported} for m in memory_scores(facts) if m["revision_urgency"] == "low"]


@truth("memory_summary")
def memory_summary(facts: Facts) -> Iterable[Row]:
    """All curves in one row."""
    some = curves(facts)
    chances = [chance(facts, c, age(facts, c)) for c in some]
    yield {
        "students": len({c["user_id"] for c in some}),
        "curves": len(some),
        "modules": len({c["module"] for c in some}),
        "median_retention": median([c["retention"] for c in some]),
        "due": sum(c["urgency"] != "low" for c in some),
        "high": sum(c["urgency"] == "high" for c in some),
        "pass_chance": ratio(sum(chances), len(chances)),
    }


@truth("curve_changes", "day", "module")
def curve_changes(facts: Facts) -> Iterable[Row]:
    """Steps of the counts of curves, due ones and long overdue ones, day by day."""
    steps: dict[tuple[date, str], dict[str, int]] = {}

    def step(ms: int, module: str, name: str, by: int) -> None:
        row = steps.setdefault((day_of(ms), module), dict.fromkeys(("curves", "due", "high"), 0))
        row[name] += by

    reviews = [r for r in facts.of_students(facts.memory.memory_reviews, ("reviewed_at", "event_id")) if r["counted"]]
    for (_user, module), some in grouped(reviews, lambda r: (r["user_id"], r["module"])).items():
        story = sorted(some, key=lambda r: r["reviewed_at"])
        step(story[0]["reviewed_at"], module, "curves", 1)
        for review, after in zip(story, [*story[1:], None], strict=True):
            for name, intervals in (("due", 1), ("high", 2)):
                falls = review["reviewed_at"] + round(intervals * review["interval_days"] * DAY_MS)
                if after is None or falls < after["reviewed_at"]:
                    step(falls, module, name, 1)
                    if after is not None:
                        step(after["reviewed_at"], module, name, -1)
    for (day, module), row in steps.items():
        yield {"day": day, "module": module, **row}


def cohorts(facts: Facts) -> dict[tuple[str, str], dict[str, bool]]:
    """Returns classes and courses with their students, and whether those are enrolled."""
    found: dict[tuple[str, str], dict[str, bool]] = {}
    placed = set()
    for row in enrolled(facts):
        for kind in ("class", "course"):
            if row[f"{kind}_id"]:
                found.setdefault((kind, row[f"{kind}_id"]), {})[row["student_id"]] = True
                placed.add((kind, row["student_id"]))
    for s in facts.of_students(facts.engagement.student_state, ("student_id",)):
        for kind in ("class", "course"):
            if s[f"{kind}_id"] and (kind, s["student_id"]) not in placed:
                found.setdefault((kind, s[f"{kind}_id"]), {})[s["student_id"]] = False
    return found


def _of_cohorts(facts: Facts) -> Iterable[tuple[str, str, str, list[Row], dict[str, bool]]]:
    homes: dict[str, set[str | None]] = {}
    for item in facts.items.values():
        homes.setdefault(item["item_id"], set()).add(item["course_id"])
    for (kind, cohort), members in cohorts(facts).items():
        mine = [c for c in curves(facts) if c["user_id"] in members]
        for module, some in grouped(mine, lambda c: c["module"]).items():
            if kind == "class" or cohort in homes.get(module, {cohort}):
                yield kind, cohort, module, some, members


@truth("forgetting_by_cohort", "cohort", "cohort_id", "module")
def forgetting_by_cohort(facts: Facts) -> Iterable[Row]:
    """A class or course, and a module."""
    for kind, cohort, module, some, members in _of_cohorts(facts):
        row: Row = {
            "cohort": kind,
            "cohort_id": cohort,
            "module": module,
            "domain": max((c["domain"] for c in some if c["domain"]), default=None),
            "students_with_curve": len(some),
            "enrolled": sum(members.values()),
            "enrolled_with_curve": sum(members[c["user_id"]] for c in some),
            "due_students": sum(c["urgency"] != "low" for c in some),
            "high_students": sum(c["urgency"] == "high" for c in some),
        }
        for days in (0, *DAYS):
            end = f"_{days}d" if days else ""
            row[f"high_share{end}"] = sum(due(facts, c, days) == "high" for c in some) / len(some)
            kept = [math.exp(-(age(facts, c) + days) / c["stability"]) for c in some]
            row[f"median_retention{end}"] = median(kept)
            row[f"pass_chance{end}"] = sum(chance(facts, c, age(facts, c) + days) for c in some) / len(some)
        yield row


@truth("forgetting_summary", "cohort", "cohort_id", "module")
def forgetting_summary(facts: Facts) -> Iterable[Row]:
    """The same, by the job."""
    return forgetting_by_cohort(facts)


@truth("knowledge_gaps_by_cohort", "cohort", "cohort_id", "module", "next_module")
def knowledge_gaps_by_cohort(facts: Facts) -> Iterable[Row]:
    """Gaps by class and course."""
    gaps = list(knowledge_gaps(facts))
    for row in forgetting_by_cohort(facts):
        members = cohorts(facts)[row["cohort"], row["cohort_id"]]
        some = [
            g
            for g in gaps
            if g["module"] == row["module"]
            and g["user_id"] in members
            and (row["cohort"] == "class" or g["course_id"] == row["cohort_id"])
        ]
        for after, mine in grouped(some, lambda g: g["next_module"]).items():
            yield {
                **{n: row[n] for n in ("cohort", "cohort_id", "module", "domain", "students_with_curve", "enrolled")},
                "next_module": after,
                "students_with_gap": len(mine),
                "gap_share": len(mine) / row["students_with_curve"],
                "median_gap": median([g["gap"] for g in mine]),
            }


@truth("knowledge_gap_summary", "cohort", "cohort_id", "module", "next_module")
def knowledge_gap_summary(facts: Facts) -> Iterable[Row]:
    """The same, by the job."""
    return knowledge_gaps_by_cohort(facts)


def _spread(values: list[float]) -> float:
    """Returns the variance of a sample; 0 of one."""
    mean = sum(values) / len(values)
    return sum((v - mean) ** 2 for v in values) / (len(values) - 1) if len(values) > 1 else 0


@truth("class_recall", "class_id", "module")
def class_recall(facts: Facts) -> Iterable[Row]:
    """A class and module, and all others at the age of its median curve where they are 5 points above."""
    for kind, class_id, module, some, members in _of_cohorts(facts):
        if kind == "class":
            ages = sorted(age(facts, c) for c in some)
            middle = ages[math.ceil(len(ages) / 2) - 1]
            now = [chance(facts, c, age(facts, c)) for c in some]
            then = [chance(facts, c, 0) for c in some]
            others = [c for c in curves(facts) if c["module"] == module and c["user_id"] not in members]
            norm = [chance(facts, c, middle) for c in others]
            is_told = bool(norm) and sum(norm) / len(norm) - sum(now) / len(now) >= 0.05
            yield {
                "class_id": class_id,
                "module": module,
                "domain": max((c["domain"] for c in some if c["domain"]), default=None),
                "students": len(some),
                "chance": sum(now) / len(now),
                "variance": _spread(now),
                "at_once": sum(then) / len(then),
                "at_once_variance": _spread(then),
                "age_days": middle,
                "last_reviewed_at": moment(max(c["last_reviewed_at"] for c in some)),
                "norm_students": len(norm),
                "norm": sum(norm) / len(norm) if is_told else None,
                "norm_variance": _spread(norm) if is_told else None,
            }


@truth("quiz_questions", "class_id", "module", "question")
def quiz_questions(facts: Facts) -> Iterable[Row]:
    """Answers of the two hours before a first attempt of the last seven days."""
    homes: dict[str, set[Any]] = {}
    for row in enrolled(facts):
        homes.setdefault(row["student_id"], set()).add(row["class_id"])
    firsts: dict[tuple[str, str], Row] = {}
    for a in attempts(facts):
        if a["quiz_type"] == "module" and a["module"] and facts.now_ms - 7 * DAY_MS < a["attempted_at"]:
            firsts.setdefault((a["user_id"], a["module"]), a)
    answers = [
        {**e, "at": at} for (at, _id, _topic), e in facts.engagement.events.items() if e["event_name"] == "quiz_answer"
    ]
    found: dict[tuple[Any, str, str], list[bool]] = {}
    for a in firsts.values():
        own = homes.get(a["user_id"], {a["class_id"]})
        for e in answers:
            data = e["metadata"] or {}
            named = {data.get("module"), e["assessment_id"], e["chapter_id"]}
            in_time = a["attempted_at"] - 7_200_000 < e["at"] <= a["attempted_at"]
            known = data.get("question") is not None and isinstance(data.get("correct"), bool)
            if e["student_id"] == a["user_id"] and in_time and known and a["module"] in named:
                for class_id in {a["class_id"]} if a["class_id"] in own else own:
                    found.setdefault((class_id, a["module"], str(data["question"])), []).append(data["correct"])
    for (class_id, module, question), correct in found.items():
        wrong = correct.count(False)
        yield {
            "class_id": class_id,
            "module": module,
            "question": question,
            "answers": len(correct),
            "wrong": wrong,
        }
