"""Sessions, and the use of the platform by day, page and place."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from tests.truth.activity import days
from tests.truth.chapters import DAY_MS, grouped
from tests.truth.facts import Facts, day_of, median, moment, ratio
from tests.truth.registry import Row, truth

SESSION = ("session_start", "student_id")


def all_sessions(facts: Facts) -> list[Row]:
    """Returns the students' sessions; one that goes on is no bounce."""
    closed = facts.of_students(facts.content.sessions_closed, SESSION)
    going_on = facts.of_students(facts.content.sessions_open, SESSION)
    return [{**s, "is_open": False} for s in closed] + [{**s, "is_open": True, "is_bounce": False} for s in going_on]


@truth("sessions", *SESSION)
def sessions(facts: Facts) -> Iterable[Row]:
    """A session."""
    for s in all_sessions(facts):
        row = {name: value for name, value in s.items() if name not in {"task", "place"}}
        yield {**row, "session_start": moment(s["session_start"]), "session_end": moment(s["session_end"])}


def mean_length(some: list[Row]) -> float | None:
    """Returns the mean duration of sessions that are over."""
    over = [s["duration_seconds"] for s in some if not s["is_open"]]
    return ratio(sum(over), len(over))


@truth("clickstream_analytics", "date", near=("median_session_duration",))
def clickstream_analytics(facts: Facts) -> Iterable[Row]:
    """A day from the first that somebody was active on, up to today."""
    active = [d for d in days(facts) if d["interactions"]]
    users: dict[str, set[str]] = {}
    for d in active:
        users.setdefault(d["day"], set()).add(d["student_id"])
    clicks = grouped(
        facts.of_students(facts.content.student_click_days, ("day", "student_id")), lambda c: str(c["day"])
    )
    sittings = grouped(all_sessions(facts), lambda s: day_of(s["session_start"]).isoformat())
    by_day = grouped(active, lambda d: d["day"])
    first = date.fromisoformat(min(users, default=facts.world.now.date().isoformat()))
    for n in range((facts.world.now.date() - first).days + 1 if users else 0):
        on = first + timedelta(days=n)
        day = on.isoformat()
        some = sittings.get(day, [])
        mine = by_day.get(day, [])
        counts = {
            name: sum(c[name] for c in clicks.get(day, []))
            for name in ("clicks", "pages", "searches", "scrolls", "scroll_sum")
        }
        minutes = sum(d["minutes_active"] for d in mine)
        depth = ratio(counts.pop("scroll_sum"), counts["scrolls"])
        yield {
            "date": day,
            "active_users": len(mine),
            **{
                f"active_users_{span}d": len(
                    set().union(*(users.get((on - timedelta(days=back)).isoformat(), ()) for back in range(span)))
                )
                for span in (7, 30)
            },
            "avg_session_duration": mean_length(some),
            "median_session_duration": median([s["duration_seconds"] for s in some if not s["is_open"]]),
            "click_frequency": ratio(counts["clicks"], minutes),
            "avg_scroll_depth": None if depth is None else depth / 10,
            "bounce_rate": ratio(sum(s["is_bounce"] for s in some), len(some)),
            "sessions": len(some),
            **counts,
            "interactions": sum(d["interactions"] for d in mine),
            "minutes_active": minutes,
        }


@truth("top_pages", "day", "page_url")
def top_pages(facts: Facts) -> Iterable[Row]:
    """A day and page; the flow counts whomever the log calls a student."""
    for (day, page, _task), row in facts.content.page_days.items():
        yield {"day": str(day), "page_url": page, **{name: row[name] for name in ("views", "students", "scrolls")}}


@truth("top_pages_by_week", "week", "page_url")
def top_pages_by_week(facts: Facts) -> Iterable[Row]:
    """A week and page."""
    for (week, page), some in grouped(top_pages(facts), lambda row: (monday(row["day"]), row["page_url"])).items():
        sums = {name: sum(row[name] for row in some) for name in ("views", "scrolls")}
        yield {"week": week, "page_url": page, **sums}


def monday(day: str) -> str:
    """Returns the first day of a day's week."""
    at = date.fromisoformat(day)
    return str(at - timedelta(days=at.weekday()))


@truth("scroll_distribution", "day", "page_url", "tenth")
def scroll_distribution(facts: Facts) -> Iterable[Row]:
    """The same by tenth of the page."""
    for (day, page, _task), row in facts.content.page_days.items():
        for tenth in range(10):
            yield {"day": str(day), "page_url": page, "tenth": tenth, "scrolls": row[f"s{tenth}"]}


def _places(facts: Facts, column: str) -> Iterable[Row]:
    since = facts.now_ms - 30 * DAY_MS
    whole = [s for s in all_sessions(facts) if s["session_start"] > since]
    for name, some in grouped(whole, lambda s: s[column]).items():
        yield {
            "name": name,
            "students": len({s["student_id"] for s in some}),
            "sessions": len(some),
            "share": len(some) / len(whole),
            "avg_session_duration": mean_length(some),
            "bounce_rate": sum(s["is_bounce"] for s in some) / len(some),
        }


@truth("geography", "country_code")
def geography(facts: Facts) -> Iterable[Row]:
    """A country."""
    for row in _places(facts, "country_code"):
        yield {"country_code": row.pop("name"), **row}


@truth("device_summary", "kind", "name")
def device_summary(facts: Facts) -> Iterable[Row]:
    """A device or browser."""
    for kind, column in (("device", "device_type"), ("browser", "browser")):
        yield from ({"kind": kind, **row} for row in _places(facts, column))


@truth("forum_activity", "day", "class_id", "course_id")
def forum_activity(facts: Facts) -> Iterable[Row]:
    """A day, class and course with posts."""
    posts = [m for m in facts.of_students(facts.content.milestones, ("at", "id")) if m["kind"] == "forum_post"]
    for (day, class_id, course), some in grouped(
        posts, lambda m: (day_of(m["at"]).isoformat(), m["class_id"], m["course_id"])
    ).items():
        students = len({m["student_id"] for m in some})
        yield {"day": day, "class_id": class_id, "course_id": course, "posts": len(some), "students": students}
