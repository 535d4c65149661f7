"""What is so now: who is active, idle or offline, with which score, class by class and scope by scope."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from tests.truth.chapters import grouped
from tests.truth.courses import enrolled
from tests.truth.facts import Facts, moment, ratio
from tests.truth.registry import Row, truth

MINUTE_MS = 60_000
IDLE_MS, OFFLINE_MS = 300_000, 1_800_000
PLACES = ("grade", "subject_id", "course_id", "chapter_id", "device", "browser")


def class_grades(facts: Facts) -> dict[str, str]:
    """Returns the roster's grades."""
    return {row["class_id"]: row["grade"] for row in facts.world.tables.get("classes", [])}


def lessons(facts: Facts) -> list[Row]:
    """Returns today's lessons of each class, numbered by their start."""
    now = facts.world.now
    terms = facts.world.tables.get("terms", [])
    if terms and not any(t["starts"] <= now.date() <= t["ends"] for t in terms):
        return []
    found = []
    today = [p for p in facts.world.tables.get("periods", []) if p["weekday"] == now.isoweekday()]
    for class_id, some in grouped(today, lambda p: p["class_id"]).items():
        for number, p in enumerate(sorted(some, key=lambda p: p["starts"]), 1):
            span = {name: datetime.combine(now.date(), p[name], UTC) for name in ("starts", "ends")}
            subject = p.get("subject_id")
            found.append({"class_id": class_id, "period": number, "subject_id": subject, **span})
    return found


def running(facts: Facts) -> dict[str, Row]:
    """Returns the lesson that runs in each class."""
    return {row["class_id"]: row for row in lessons(facts) if row["starts"] <= facts.world.now < row["ends"]}


def is_study_day(facts: Facts, day: date) -> bool:
    """Returns whether a streak may not skip the day."""
    terms, periods = facts.world.tables.get("terms", []), facts.world.tables.get("periods", [])
    if not terms:
        return day.isoweekday() < 6
    weekdays = {p["weekday"] for p in periods} or {1, 2, 3, 4, 5}
    return any(t["starts"] <= day <= t["ends"] for t in terms) and day.isoweekday() in weekdays


def streak(facts: Facts, state: Row) -> int:
    """Returns the consecutive days with an interaction, of the last 32."""
    if state["last_day"] is None:
        return 0
    today = (facts.world.now - timedelta(milliseconds=1)).date()
    last = date.fromisoformat(str(state["last_day"]))
    count = 0
    for back in range(32):
        day = today - timedelta(days=back)
        age = (last - day).days
        if age >= 0 and state["day_bits"] >> age & 1:
            count += 1
        elif back and is_study_day(facts, day):
            break
    return count


def status(facts: Facts, state: Row, idle_ms: int) -> str:
    """Returns active, idle or offline."""
    last = state["last_interaction_at"]
    if last is None or (state["session_end_at"] or 0) > last:
        return "offline"
    seen = max(last, min(facts.now_ms, state["playing_until"] or 0))
    if facts.now_ms - seen >= OFFLINE_MS:
        return "offline"
    return "idle" if (state["idle_at"] or 0) > seen or facts.now_ms - seen >= idle_ms else "active"


def score(facts: Facts, state: Row) -> float:
    """Returns the score of somebody who is not offline, to four decimals."""
    recency = math.exp(-max(0, facts.now_ms - state["last_interaction_at"]) / 300_000)
    last_whole = facts.now_ms // MINUTE_MS - 1
    newest = state["weights_end"] // MINUTE_MS
    digits = {newest - place: state["weights"] >> 4 * place & 15 for place in range(15)}
    intensity = sum(digits.get(last_whole - back, 0) for back in range(10)) / 100
    duration = min(1, state["session_minutes"] / 45)
    whole = 0.35 * recency + 0.35 * intensity + 0.2 * duration + 0.1 * min(1, streak(facts, state) / 7)
    return float(math.floor(10_000 * whole + 0.5)) / 10_000


def students(facts: Facts) -> dict[str, Row]:
    """Returns everybody who was ever seen, as of now."""
    grades, lesson = class_grades(facts), running(facts)
    idle = {row["class_id"]: row.get("idle_after_s") for row in facts.world.tables.get("classes", [])}
    found = {}
    for s in facts.of_students(facts.engagement.student_state, ("student_id",)):
        wait = 1000 * (idle.get(s["class_id"]) or 0) or IDLE_MS
        here = status(facts, s, wait)
        began = lesson.get(s["class_id"], {}).get("starts")
        seen = max(s["last_event_at"], min(facts.now_ms, s["playing_until"] or 0))
        found[s["student_id"]] = {
            **{name: s[name] for name in ("student_id", "class_id", "session_id", *PLACES)},
            "grade": s["grade"] or grades.get(s["class_id"]),
            "last_active_at": moment(s["last_interaction_at"]),
            "current_activity": s["last_event_name"],
            "status": here,
            "is_present": here != "offline" and (began is None or seen >= began.timestamp() * 1000),
            "engagement_score": None if here == "offline" else score(facts, s),
        }
    return found


@truth("student_live_metrics", "student_id")
def student_live_metrics(facts: Facts) -> Iterable[Row]:
    """A student who ever interacted, as of now."""
    for s in students(facts).values():
        if (last := s["last_active_at"]) is not None:
            yield {**s, "last_active_ts": round(last.timestamp() * 1000)}


@truth("student_streak", "student_id")
def student_streak(facts: Facts) -> Iterable[Row]:
    """Days on end."""
    for s in facts.of_students(facts.engagement.student_state, ("student_id",)):
        yield {"student_id": s["student_id"], "streak_days": streak(facts, s)}


@truth("student_names", "student_id")
def student_names(facts: Facts) -> Iterable[Row]:
    """Names as they were loaded."""
    for row in facts.world.tables["directory"]:
        yield {name: row[name] for name in ("student_id", "display_name")}


def seats(facts: Facts) -> set[tuple[str | None, str]]:
    """Returns classes and students: enrolled there, or last seen there."""
    found: set[tuple[str | None, str]] = {(row["class_id"], row["student_id"]) for row in enrolled(facts)}
    return found | {(s["class_id"], s["student_id"]) for s in students(facts).values()}


@truth("class_students", "class_id", "student_id")
def class_students(facts: Facts) -> Iterable[Row]:
    """A seat."""
    known, names = students(facts), {row["student_id"]: row["display_name"] for row in student_names(facts)}
    grades, places = class_grades(facts), seats(facts)
    members = {(row["class_id"], row["student_id"]) for row in enrolled(facts)}
    for class_id, student in places:
        s = known.get(student, dict.fromkeys((*PLACES, "last_active_at", "current_activity", "engagement_score")))
        courses = {row["course_id"] for row in enrolled(facts) if row["student_id"] == student}
        yield {
            **{n: s[n] for n in (*PLACES, "last_active_at", "current_activity", "engagement_score")},
            "class_id": class_id,
            "student_id": student,
            "display_name": names.get(student),
            "status": s.get("status", "offline"),
            "is_present": s.get("class_id") == class_id and s.get("is_present", False),
            "is_enrolled": (class_id, student) in members,
            "grade": s["grade"] or grades.get(class_id or ""),
            "course_ids": sorted(courses),
            "is_only": sum(other == student for _class, other in places) == 1,
        }


SCOPES = {"class": "class_id", "grade": "grade", "subject": "subject_id", "course": "course_id"}


@truth("active_now", "scope", "scope_id")
def active_now(facts: Facts) -> Iterable[Row]:
    """A scope as of now; those of the roster even when nobody is there."""
    grades = class_grades(facts)
    present: dict[tuple[str, str], list[Row]] = {("all", "all"): []}
    expected: dict[tuple[str, str], set[str]] = {("all", "all"): set()}
    for s in students(facts).values():
        for place in [("all", "all"), *((scope, s[column]) for scope, column in SCOPES.items() if s[column])]:
            present.setdefault(place, []).extend([s] if s["is_present"] else [])
    for row in enrolled(facts):
        for scope, scope_id in (("class", row["class_id"]), ("grade", grades.get(row["class_id"]))):
            expected.setdefault((scope, scope_id or ""), set()).add(row["student_id"])
        expected.setdefault(("course", row["course_id"]), set()).add(row["student_id"])
        expected["all", "all"].add(row["student_id"])
    roster = {("class", c) for c in grades} | {("grade", g) for g in grades.values() if g}
    for scope, scope_id in present.keys() | expected.keys() | roster:
        here, due = present.get((scope, scope_id), []), expected.get((scope, scope_id), set())
        if not scope_id:
            continue
        away = due - {s["student_id"] for s in here}
        idle = sum(s["status"] == "idle" for s in here)
        points = sum(round(10_000 * s["engagement_score"]) for s in here)
        yield {
            "scope": scope,
            "scope_id": scope_id,
            "active_students": sum(s["status"] == "active" for s in here),
            "idle_students": idle,
            "present": len(here),
            "enrolled": None if scope == "subject" else len(due),
            "absent": None if scope == "subject" else len(away),
            "idle_share": ratio(idle, len(here)),
            "engagement_score": ratio(points, 100 * len(here)),
        }


@truth("class_list", "class_id")
def class_list(facts: Facts) -> Iterable[Row]:
    """Classes of the roster, or seen."""
    grades = class_grades(facts)
    titles = {row["class_id"]: row["title"] for row in facts.world.tables.get("classes", [])}
    seen: dict[str, str | None] = {}
    for s in facts.engagement.student_state.values():
        if s["class_id"]:
            seen[s["class_id"]] = max(filter(None, (seen.get(s["class_id"]), s["grade"])), default=None)
    for class_id in grades.keys() | seen.keys() | {row["class_id"] for row in facts.world.tables["enrolments"]}:
        grade = grades.get(class_id) or seen.get(class_id)
        yield {"class_id": class_id, "title": titles.get(class_id), "grade": grade}


@truth("class_overview", "class_id")
def class_overview(facts: Facts) -> Iterable[Row]:
    """The classes of `active_now`, with titles."""
    named = {row["class_id"]: row for row in class_list(facts)}
    for row in active_now(facts):
        scope, scope_id = row.pop("scope"), row.pop("scope_id")
        if scope == "class":
            yield {**row, **named[scope_id]}


@truth("present_now", "class_id", *PLACES, "status")
def present_now(facts: Facts) -> Iterable[Row]:
    """Present students by all places at once."""
    columns = ("class_id", *PLACES, "status")
    here = [s for s in students(facts).values() if s["is_present"]]
    for key, some in grouped(here, lambda s: tuple(s[c] for c in columns)).items():
        points = sum(round(10_000 * s["engagement_score"]) for s in some)
        yield {**dict(zip(columns, key, strict=True)), "students": len(some), "score_sum": points}


@truth("todays_lessons", "class_id", "period")
def todays_lessons(facts: Facts) -> Iterable[Row]:
    """A lesson of today."""
    for row in lessons(facts):
        yield {**{n: row[n] for n in ("class_id", "period", "subject_id", "ends")}, "began": row["starts"]}


@truth("alert_classes", "class_id")
def alert_classes(facts: Facts) -> Iterable[Row]:
    """A class of the roster, for rules; every flow has read up to the same tick."""
    classes = {row["class_id"]: row for row in facts.world.tables["classes"]}
    timed = {row["class_id"] for row in facts.world.tables["periods"]}
    terms = facts.world.tables["terms"]
    now, lesson = facts.world.now, running(facts)
    for class_id in classes.keys() | {row["class_id"] for row in facts.world.tables["enrolments"]}:
        known = classes.get(class_id, {})
        runs = lesson.get(class_id, {})
        yield {
            "class_id": class_id,
            "title": known.get("title") or class_id,
            "idle_after_s": known.get("idle_after_s") or 300,
            "in_term": not terms or any(t["starts"] <= now.date() <= t["ends"] for t in terms),
            "has_timetable": class_id in timed,
            **{name: runs.get(name) for name in ("period", "subject_id", "ends")},
            "began": runs.get("starts"),
            **dict.fromkeys(("engagement_behind", "content_behind", "memory_behind"), 0),
        }


@truth("activity_trend", "minute", "scope", "scope_id")
def activity_trend(facts: Facts) -> Iterable[Row]:
    """The last hour and the running minute, without gaps."""
    minute = facts.now_ms // MINUTE_MS * MINUTE_MS
    rows: dict[Any, Row] = {
        (start, scope, scope_id): row
        for (start, scope, scope_id, _task), row in facts.engagement.activity_windows.items()
        if minute - 60 * MINUTE_MS <= start <= minute
    }
    scopes = {key[1:] for key in rows} | {("all", "all")} | {("class", class_id) for class_id in class_grades(facts)}
    for start in range(minute - 60 * MINUTE_MS, minute + 1, MINUTE_MS):
        for scope, scope_id in scopes:
            row = rows.get((start, scope, scope_id), {})
            yield {
                "minute": moment(start),
                "scope": scope,
                "scope_id": scope_id,
                **{name: row.get(name, 0) for name in ("active_5m", "active_students", "events")},
                "is_final": start + 2 * MINUTE_MS <= facts.now_ms,
            }


@truth("class_elsewhere", "class_id", "student_id")
def class_elsewhere(facts: Facts) -> Iterable[Row]:
    """An enrolled student who is active in another class's items."""
    known = students(facts)
    for row in {(row["class_id"], row["student_id"]) for row in enrolled(facts)}:
        s = known.get(row[1], {"status": "offline"})
        if s["status"] == "active" and s["class_id"] not in {None, row[0]}:
            yield {"class_id": row[0], "student_id": row[1], "in_class": s["class_id"]}


def _may_watch(s: Row) -> bool:
    """Returns whether a video of unknown length may still play."""
    last = s["last_interaction_at"]
    pinged = s["last_event_name"] == "time_ping" and s["last_event_at"] > (last or 0)
    watches = last is not None and s["playing_until"] == last + IDLE_MS
    return watches and (s["session_end_at"] or 0) <= last and not pinged


@truth("class_presence", "class_id")
def class_presence(facts: Facts) -> Iterable[Row]:
    """A class as of now, with those who may be watching, and when those left who said so."""
    states = facts.of_students(facts.engagement.student_state, ("student_id",))
    known, lesson = students(facts), running(facts)
    members = {(row["class_id"], row["student_id"]) for row in enrolled(facts)}
    for class_id in class_grades(facts):
        began = lesson.get(class_id, {}).get("starts")
        since = facts.now_ms - 7_200_000 if began is None else began.timestamp() * 1000
        mine = []
        for s in states:
            here = known[s["student_id"]]
            seen = max(s["last_interaction_at"] or 0, s["session_end_at"] or 0)
            if s["class_id"] == class_id and (here["is_present"] or seen >= since):
                mine.append({**s, **here})
        present = [s for s in mine if s["is_present"]]
        quiet = facts.now_ms - 120_000
        silent = [s for s in mine if s["last_event_at"] <= quiet]
        left = [s["session_end_at"] for s in mine if (s["session_end_at"] or 0) > (s["last_interaction_at"] or 1 << 62)]
        yield {
            "class_id": class_id,
            "active_students": sum(s["status"] == "active" for s in present),
            "idle_students": sum(s["status"] == "idle" for s in present),
            "present": len(present),
            "enrolled": sum(member[0] == class_id for member in members),
            "idle_players": sum(s["status"] == "idle" and _may_watch(s) for s in present),
            "away_players": sum(s["status"] != "active" and _may_watch(s) for s in mine),
            "silent_players": sum(_may_watch(s) or (s["playing_until"] or 0) > quiet for s in silent),
            "signed_off_at": sorted(map(str, map(_iso, left))) or None,
        }


def _iso(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat()
