"""What is remembered, what is missing, what comes next."""

from __future__ import annotations

import math
from collections.abc import Iterable

from tests.truth.chapters import DAY_MS, grouped
from tests.truth.facts import Facts, day_of, moment
from tests.truth.quizzes import attempts
from tests.truth.registry import Row, truth

INTERCEPT, SLOPE, SCORE = 0.80, 0.13, 0.58  # of the default model, as docs/forgetting.md gives them


def chance(facts: Facts, curve: Row, days: float) -> float:
    """Returns the chance to pass, so many days after the review."""
    kept = 0.001 + 0.998 * math.exp(-max(0, days) / curve["stability"])
    above = (curve["last_score"] - facts.pass_mark(curve["module"])) / 10
    return 1 / (1 + math.exp(-(INTERCEPT + SLOPE * math.log(kept / (1 - kept)) + SCORE * above)))


def age(facts: Facts, curve: Row) -> float:
    """Returns the days since the review."""
    return float(facts.now_ms - curve["last_reviewed_at"]) / DAY_MS


def curves(facts: Facts) -> list[Row]:
    """Returns the curves of students, with what each retains now."""
    found = facts.of_students(facts.memory.memory_state, ("user_id", "module"))
    for c in found:
        elapsed = (facts.now_ms - c["last_reviewed_at"]) / DAY_MS
        c["retention"] = math.exp(-elapsed / c["stability"])
        interval = c["next_review_at"] - c["last_reviewed_at"]
        since = facts.now_ms - c["next_review_at"]
        c["urgency"] = "low" if since < 0 else "medium" if since < interval else "high"
    return found


@truth("memory_history", "reviewed_at", "event_id")
def memory_history(facts: Facts) -> Iterable[Row]:
    """A review."""
    reviews = facts.of_students(facts.memory.memory_reviews, ("reviewed_at", "event_id"))
    return [{**r, "reviewed_at": moment(r["reviewed_at"])} for r in reviews]


def modules_after(facts: Facts) -> dict[tuple[str, str], Row]:
    """Returns the module that follows each, by course and module."""
    found: dict[tuple[str, str], Row] = {}
    modules = [i for i in facts.items.values() if i["kind"] == "module"]
    for course, some in grouped(modules, lambda i: i["course_id"]).items():
        path = sorted(some, key=lambda i: (i["position"], i["item_id"]))
        found |= {(course, one["item_id"]): after for one, after in zip(path, path[1:], strict=False)}
    return found


def learnt(facts: Facts) -> list[Row]:
    """Returns the students' learning events."""
    return facts.of_students(facts.memory.learning_events, ("at", "event_id"))


@truth("knowledge_gaps", "user_id", "course_id", "module")
def knowledge_gaps(facts: Facts) -> Iterable[Row]:
    """A student and module faded below its mark, while the next one is not completed."""
    done = {(e["user_id"], e["module"]) for e in learnt(facts) if e["kind"] == "module_completed"}
    begun = {(e["user_id"], e["module"]) for e in learnt(facts) if e["kind"] == "module_started"}
    for c in curves(facts):
        for (course, module), after in modules_after(facts).items():
            left, mark = c["last_score"] * c["retention"], facts.pass_mark(module)
            if module == c["module"] and left < mark and (c["user_id"], after["item_id"]) not in done:
                yield {
                    "user_id": c["user_id"],
                    "course_id": course,
                    "module": module,
                    "domain": c["domain"],
                    "current_score": left,
                    "pass_mark": mark,
                    "gap": mark - left,
                    "last_score": c["last_score"],
                    "revision_urgency": c["urgency"],
                    "next_module": after["item_id"],
                    "next_title": after["title"],
                    "next_started": (c["user_id"], after["item_id"]) in begun,
                    "pass_chance": chance(facts, c, age(facts, c)),
                }


@truth("next_modules", "user_id", "course_id", "completed_module")
def next_modules(facts: Facts) -> Iterable[Row]:
    """A completed module whose next one is not begun."""
    begun = {(e["user_id"], e["module"]) for e in learnt(facts) if e["kind"].startswith("module_")}
    begun |= {(a["user_id"], a["module"]) for a in attempts(facts) if a["quiz_type"] == "module"}
    done: dict[tuple[str, str], int] = {}
    for e in learnt(facts):
        if e["kind"] == "module_completed" and e["module"]:
            key = e["user_id"], e["module"]
            done[key] = min(e["at"], done.get(key, e["at"]))
    for (user, completed), at in done.items():
        for (course, module), after in modules_after(facts).items():
            if module == completed and (user, after["item_id"]) not in begun:
                yield {
                    "user_id": user,
                    "course_id": course,
                    "completed_module": module,
                    "next_module": after["item_id"],
                    "next_title": after["title"],
                    "queued_at": moment(at),
                    "available_from": None,
                }


def _by_scope(facts: Facts, kind: str) -> Iterable[tuple[str, str, Row]]:
    enrolled = {
        (row["student_id"], row["class_id"]) for row in facts.world.tables["enrolments"] if row["left_at"] is None
    }
    for e in learnt(facts):
        if e["kind"] == kind:
            yield "all", "all", e
            own = {class_id for student, class_id in enrolled if student == e["user_id"]}
            yield from (("class", c, e) for c in ({e["class_id"]} if e.get("class_id") in own else own))


@truth("daily_logins", "day", "scope", "scope_id")
def daily_logins(facts: Facts) -> Iterable[Row]:
    """A day and scope; everybody is in one class."""
    some = [(day_of(e["at"]).isoformat(), scope, scope_id, e) for scope, scope_id, e in _by_scope(facts, "login")]
    for (day, scope, scope_id), rows in grouped([{"key": r[:3], **r[3]} for r in some], lambda r: r["key"]).items():
        students = len({r["user_id"] for r in rows})
        yield {"day": day, "scope": scope, "scope_id": scope_id, "logins": len(rows), "students": students}


@truth("domain_popularity", "day", "scope", "scope_id", "domain")
def domain_popularity(facts: Facts) -> Iterable[Row]:
    """The same of chosen domains."""
    rows = [
        {"key": (day_of(e["at"]).isoformat(), scope, scope_id, e["domain"]), **e}
        for scope, scope_id, e in _by_scope(facts, "domain_selected")
        if e["domain"]
    ]
    for (day, scope, scope_id, domain), some in grouped(rows, lambda r: r["key"]).items():
        yield {
            "day": day,
            "scope": scope,
            "scope_id": scope_id,
            "domain": domain,
            "selections": len(some),
            "students": len({r["user_id"] for r in some}),
        }
