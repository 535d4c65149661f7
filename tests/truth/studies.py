"""A student's courses day by day, the whole of a student, and where courses lose theirs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from tests.truth.activity import days
from tests.truth.chapters import DAY_MS, grouped, seconds, typical
from tests.truth.courses import ENROLMENT, counts_in, enrolled, monday_of, progress, student_risk, term, touches
from tests.truth.facts import Facts, day_of, median, moment, ratio
from tests.truth.quizzes import attempts
from tests.truth.registry import Row, truth
from tests.truth.sessions import all_sessions, mean_length
from tests.truth.videos import views


def milestones(facts: Facts) -> list[Row]:
    """Returns what the log tells of courses and lessons."""
    return facts.of_students(facts.content.milestones, ("at", "id"))


@truth("handed_in", "student_id", "course_id", "item_id")
def handed_in(facts: Facts) -> Iterable[Row]:
    """Finished items, and modules whose quiz was taken."""
    found = {(student, course, item) for student, course, item, _at, done in touches(facts) if done and item}
    for a in attempts(facts):
        if a["quiz_type"] == "module" and (a["course"], a["module"]) in facts.items:
            found.add((a["user_id"], a["course"], a["module"]))
    return [dict(zip(("student_id", "course_id", "item_id"), key, strict=True)) for key in found]


@truth("course_drop_off_index", "course_id", "item_id")
def course_drop_off_index(facts: Facts) -> Iterable[Row]:
    """The last items, by position, of those who were away for over fourteen days and did not finish."""
    gone = {
        key
        for key, row in progress(facts).items()
        if row["last"] is not None and row["last"] < facts.now_ms - 14 * DAY_MS and (row["share"] or 0) < 1
    }
    ends: dict[tuple[str, str], Row] = {}
    for student, course, item, _at, _done in touches(facts):
        known = facts.items.get((course, item or ""))
        if known and (student, course) in gone:
            best = ends.setdefault((student, course), known)
            if (known["position"], known["item_id"]) > (best["position"], best["item_id"]):
                ends[student, course] = known
    for course, some in grouped(ends.values(), lambda i: i["course_id"]).items():
        counts = Counter(item["item_id"] for item in some)
        items = [facts.items[course, item_id] for item_id in counts]
        items.sort(key=lambda i: (-counts[i["item_id"]], i["position"], i["item_id"]))
        for place, last in enumerate(items, 1):
            students = counts[last["item_id"]]
            yield {
                **{name: last[name] for name in ("course_id", "item_id", "title", "position")},
                "students": students,
                "share": students / len(some),
                "place": place,
            }


@truth("enrolment_revenue", "day", "course_id")
def enrolment_revenue(facts: Facts) -> Iterable[Row]:
    """Enrolments that the log tells, by day and course."""
    reported = [m for m in milestones(facts) if m["kind"] in ENROLMENT]
    for (day, course), some in grouped(reported, lambda m: (day_of(m["at"]), m["course_id"])).items():
        kinds = Counter(m["kind"] for m in some)
        prices = [m["price"] or 0 for m in some if m["kind"] == "course_enroll"]
        yield {
            "day": day,
            "course_id": course,
            "enrolments": kinds["course_enroll"],
            "unenrolments": kinds["course_unenroll"],
            "completions": kinds["course_complete"],
            "paid_enrolments": sum(price > 0 for price in prices),
            "revenue": sum(round(100 * price) for price in prices) / 100,
        }


def _actions(facts: Facts) -> Iterable[Row]:
    """Yields what happened in a course: from when to when, and what it was."""
    for v in facts.visits:
        yield {"s": v["student_id"], "c": v["course_id"], "at": v["start_time"], "last": v["end_time"], "visit": v}
    for v in views(facts):
        yield {"s": v["student_id"], "c": v["course_id"], "at": v["start_time"], "last": v["start_time"], "view": v}
    for a in attempts(facts):
        at = a["attempted_at"]
        yield {"s": a["user_id"], "c": a["course"], "at": at, "last": at, "attempt": a}
    for m in milestones(facts):
        if m["kind"] not in ENROLMENT:
            yield {"s": m["student_id"], "c": m["course_id"], "at": m["at"], "last": m["at"], "told": m}
    firsts: dict[tuple[str, str, str], int] = {}
    for student, course, item, at, done in touches(facts):
        if done and item and (course, item) in facts.items:
            key = student, course, item
            firsts[key] = min(at, firsts.get(key, at))
    for (student, course, _item), at in firsts.items():
        yield {"s": student, "c": course, "at": at, "last": at, "done": True}


def _named(some: list[Row], kind: str) -> set[str]:
    reported = [d["told"] for d in some if "told" in d and d["told"]["kind"] == kind]
    return {m["item_id"] or m["chapter_id"] for m in reported} - {None}


@truth("student_course_metrics", "student_id", "course_id", "metric_date")
def student_course_metrics(facts: Facts) -> Iterable[Row]:
    """A student, course and day."""
    actions = [d for d in _actions(facts) if d["c"]]
    streaks = _streaks(facts)
    of_pair = grouped(actions, lambda d: (d["s"], d["c"]))
    sittings = grouped(all_sessions(facts), lambda s: s["student_id"])
    for (student, course, day), some in grouped(actions, lambda d: (d["s"], d["c"], day_of(d["at"]))).items():
        mine = of_pair[student, course]
        items = sum(key[0] == course for key in facts.items)
        finished = sum("done" in d and day_of(d["at"]) <= day for d in mine)
        watched = [d["view"] for d in some if "view" in d]
        tried = [d["attempt"] for d in some if "attempt" in d]
        chapters = seconds([d["visit"] for d in some if "visit" in d])
        video = sum(round(1000 * v["watched_seconds"] / (v["avg_playback_rate"] or 1)) for v in watched) / 1000
        quiz = sum(a["time_taken_seconds"] or 0 for a in tried)
        here = [
            s
            for s in sittings.get(student, [])
            if day_of(s["session_start"]) == day
            and any(s["session_start"] <= d["at"] <= s["session_end"] for d in mine)
        ]
        seen = [v["watch_pct"] for v in watched if v["watch_pct"] is not None]
        yield {
            "student_id": student,
            "course_id": course,
            "metric_date": day,
            "completion_pct": ratio(100 * finished, items),
            "lessons_completed": len(_named(some, "lesson_complete")),
            "lessons_started": len(_named(some, "lesson_start")),
            "total_lessons": items,
            "time_spent_total": max(chapters, video + quiz),
            "time_spent_video": video,
            "time_spent_reading": max(chapters - video - quiz, 0),
            "time_spent_quiz": quiz,
            "sessions_count": len(here),
            "avg_session_duration": mean_length(here),
            "videos_watched": len({v["video_id"] for v in watched}),
            "video_watch_pct_avg": ratio(sum(seen), len(seen)),
            "quizzes_attempted": len(tried),
            "quizzes_passed": sum(a["score"] >= a["mark"] for a in tried),
            "quiz_avg_score": ratio(sum(a["score"] for a in tried), len(tried)),
            "assignments_submitted": sum("told" in d and d["told"]["kind"] == "assignment_submit" for d in some),
            "last_activity_at": moment(max(d["last"] for d in some)),
            "streak_days": streaks.get((student, day), 0),
        }


def _streaks(facts: Facts) -> dict[tuple[str, date], int]:
    """Returns the days on end up to each day with an interaction; empty Saturdays and Sundays are skipped."""
    found: dict[tuple[str, date], int] = {}
    for student, some in grouped((d for d in days(facts) if d["interactions"]), lambda d: d["student_id"]).items():
        lived = {date.fromisoformat(d["day"]) for d in some}
        for day in sorted(lived):
            before = day - timedelta(days=1)
            while before not in lived and before.isoweekday() > 5:
                before -= timedelta(days=1)
            found[student, day] = 1 + found.get((student, before), 0)
    return found


def _last_seen(facts: Facts) -> dict[str, int | None]:
    reported = [(s["student_id"], s["last_interaction_at"]) for s in _states(facts)]
    reported += [(s["student_id"], s["session_end"]) for s in all_sessions(facts)]
    reported += [(a["user_id"], a["attempted_at"]) for a in attempts(facts)]
    reported += [(v["student_id"], v["end_time"]) for v in facts.visits]
    found: dict[str, int | None] = {}
    for student, at in reported:
        found[student] = max(filter(None, (at, found.get(student))), default=None)
    return found


def _states(facts: Facts) -> list[Row]:
    return facts.of_students(facts.engagement.student_state, ("student_id",))


def _most(counts: Counter[Any]) -> Any:  # noqa: ANN401
    """Returns what is most frequent; of several the smallest."""
    return min(counts, key=lambda value: (-counts[value], value), default=None)


def _consistency(facts: Facts, since: date, active: set[date]) -> float | None:
    """Returns weeks with two active days or more among weeks so far; the running one once it has them."""
    now = facts.world.now.date()
    monday, weeks = monday_of(since), []
    terms = [(t["starts"], t["ends"]) for t in facts.world.tables["terms"]]
    lived = {day for day in active if day >= since and any(starts <= day <= ends for starts, ends in terms)}
    while monday <= now:
        count = sum(monday <= day < monday + timedelta(days=7) for day in lived)
        in_term = any(starts < monday + timedelta(days=7) and ends >= monday for starts, ends in terms)
        if in_term and (count >= 2 or monday + timedelta(days=7) <= now):
            weeks.append(count >= 2)
        monday += timedelta(days=7)
    return ratio(sum(weeks), len(weeks))


@truth("student_analytics_profiles", "student_id")
def student_analytics_profiles(facts: Facts) -> Iterable[Row]:
    """A student, enrolled or seen; nobody has completed a course."""
    starts = term(facts)["starts"]
    roster = grouped(facts.world.tables["enrolments"], lambda e: e["student_id"])
    worst: dict[str, float] = {}
    for r in student_risk(facts):
        worst[r["student_id"]] = max(r["score"] or 0, worst.get(r["student_id"], 0))
    last = _last_seen(facts)
    visits = grouped(facts.visits, lambda v: v["student_id"])
    lived = grouped((d for d in days(facts) if d["interactions"]), lambda d: d["student_id"])
    sittings = grouped(all_sessions(facts), lambda s: s["student_id"])
    tried = grouped((a for a in attempts(facts) if a["quiz_type"] != "diagnostic"), lambda a: a["user_id"])
    for student in roster.keys() | last.keys():
        mine = roster.get(student, [])
        hours = seconds(visits.get(student, [])) / 3600
        active = lived.get(student, [])
        at = [moment(s["session_start"]) for s in sittings.get(student, [])]
        minutes: Counter[int] = Counter()
        for d in active:
            minutes[date.fromisoformat(d["day"]).isoweekday()] += d["minutes_active"]
        quizzes = tried.get(student, [])
        first = min((e["enrolled_at"] for e in mine), default=None)
        firsts = [first.date()] if first else sorted(date.fromisoformat(d["day"]) for d in active)[:1]
        since = max([starts, *firsts])
        left = sum(e["left_at"] is not None for e in mine)
        seen = moment(last.get(student))
        yield {
            "student_id": student,
            "first_enrollment_at": first,
            "total_enrollments": len(mine),
            "active_enrollments": sum(e["left_at"] is None and e["enrolled_at"] <= facts.world.now for e in mine),
            "completed_courses": 0,
            "dropped_courses": left,
            "total_time_spent_hours": hours,
            "avg_daily_minutes": ratio(60 * hours, len(active)),
            "preferred_hour": _most(Counter(t.hour for t in at if t)),
            "preferred_day": None if not at or not minutes else NAMES[_most(minutes) - 1],
            "avg_course_completion_days": None,
            "learning_consistency_score": _consistency(facts, since, {date.fromisoformat(d["day"]) for d in active}),
            "overall_avg_score": ratio(sum(a["score"] for a in quizzes), len(quizzes)),
            "quiz_accuracy": ratio(100 * sum(a["score"] >= a["mark"] for a in quizzes), len(quizzes)),
            "at_risk_score": worst.get(student),
            "last_activity_at": seen,
            "days_since_active": None if seen is None else (facts.world.now - seen).days,
            "updated_at": facts.world.now,
        }


NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@truth("student_risk_entries", "student_id", "course_id")
def student_risk_entries(facts: Facts) -> Iterable[Row]:
    """Whoever is at risk when it is noted; it was noted once."""
    for r in student_risk(facts):
        if (r["score"] or 0) >= 0.6:
            reported = {name: r[name] for name in ("student_id", "course_id", "class_id", "score", "reasons")}
            yield {**reported, "entered_at": facts.world.now, "left_at": None}


@truth("fast_readers", "class_id", "student_id", "course_id")
def fast_readers(facts: Facts) -> Iterable[Row]:
    """Chapters of a course of which every visit was skimmed, and the latest quiz of that course."""
    usual = typical(facts)
    recent = [v for v in facts.visits if v["start_time"] > facts.now_ms - 7 * DAY_MS]
    visits = grouped(recent, lambda v: (v["student_id"], v["course_id"]))
    tried = [a for a in attempts(facts) if a["quiz_type"] != "diagnostic"]
    quizzes = grouped(tried, lambda a: (a["user_id"], a["course"]))
    for e in enrolled(facts):
        key = e["student_id"], e["course_id"]
        fast = 0
        for chapter, some in grouped(visits.get(key, []), lambda v: v["chapter_id"]).items():
            whole = facts.items.get((e["course_id"], chapter), {}).get("expected_seconds")
            whole = whole or usual[e["course_id"], chapter] or 0
            fast += max(v["counted"] for v in some) < 0.25 * whole
        if fast and (last := quizzes.get(key, [])[-1:]):
            yield {
                **{name: e[name] for name in ("class_id", "student_id", "course_id")},
                "chapters": fast,
                "last_score": last[0]["score"],
                "pass_mark": last[0]["mark"],
                "passed": last[0]["score"] >= last[0]["mark"],
                "attempted_at": moment(last[0]["attempted_at"]),
            }


@truth("chapter_reach", "class_id", "course_id", "chapter_id")
def chapter_reach(facts: Facts) -> Iterable[Row]:
    """A chapter that has been open for seven days and not for fourteen, and who worked on it."""
    for item in facts.items.values():
        visits = _of(facts, item)
        first = min((v["start_time"] for v in visits), default=None)
        opened = item.get("available_from") or moment(None if first is None else first // DAY_MS * DAY_MS)
        age = None if opened is None else facts.world.now - opened
        if item["kind"] != "chapter" or age is None or not timedelta(days=7) <= age < timedelta(days=14):
            continue
        by_student = grouped(visits, lambda v: v["student_id"])
        members = [e for e in enrolled(facts) if e["course_id"] == item["course_id"]]
        for class_id, some in grouped(members, lambda e: e["class_id"]).items():
            came = {e["student_id"]: by_student.get(e["student_id"], []) for e in some}
            yield {
                "class_id": class_id,
                **{name: item[name] for name in ("course_id", "title")},
                "chapter_id": item["item_id"],
                "opened_at": opened,
                "enrolled": len(came),
                "visited": sum(bool(visits) for visits in came.values()),
                "worked": sum(
                    (student, item["item_id"]) in facts.finished or bool(visits and _worked(visits, item))
                    for student, visits in came.items()
                ),
            }


def _of(facts: Facts, item: Row) -> list[Row]:
    return [v for v in facts.visits if (v["course_id"], v["chapter_id"]) == (item["course_id"], item["item_id"])]


def _worked(visits: list[Row], item: Row) -> bool:
    depths = [v["scroll_depth"] for v in visits if v["scroll_depth"] is not None]
    whole = item["expected_seconds"]
    if not depths and whole is None:
        return True
    return max(depths, default=0) >= 50 or bool(whole and seconds(visits) >= 0.25 * whole)


@truth("chapter_pace", "class_id", "course_id", "chapter_id", near=("usual_seconds",))
def chapter_pace(facts: Facts) -> Iterable[Row]:
    """A class's visits of seven days, and everybody's of the 28 days before."""
    since = (facts.now_ms // DAY_MS - 6) * DAY_MS
    own: dict[tuple[str, str | None], set[Any]] = {}
    for e in enrolled(facts):
        own.setdefault((e["student_id"], e["course_id"]), set()).add(e["class_id"])
    placed = [
        {"class": class_id, **v}
        for v in facts.visits
        if since <= v["start_time"] <= facts.now_ms
        for class_id in counts_in(v["class_id"], own.get((v["student_id"], v["course_id"]), set()))
    ]
    before = grouped(
        (v for v in facts.visits if since - 28 * DAY_MS <= v["start_time"] < since),
        lambda v: (v["course_id"], v["chapter_id"]),
    )
    for (class_id, course, chapter), some in grouped(
        placed, lambda v: (v["class"], v["course_id"], v["chapter_id"])
    ).items():
        item = facts.items.get((course, chapter), {})
        opened = item.get("available_from")
        if opened is not None and opened > facts.world.now - timedelta(days=7):
            continue
        usual = [v["counted"] for v in before.get((course, chapter), [])]
        yield {
            "class_id": class_id,
            "course_id": course,
            "chapter_id": chapter,
            "title": item.get("title") or chapter,
            "students": len({v["student_id"] for v in some}),
            "median_seconds": median([v["counted"] for v in some]),
            "usual_visits": len(usual) or None,
            "usual_seconds": median(usual),
        }
