"""Videos: views, twentieths, peaks."""

from __future__ import annotations

from collections.abc import Iterable

from tests.truth.chapters import grouped
from tests.truth.facts import Facts, day_of, median, moment
from tests.truth.registry import Row, truth

VIEW = ("start_time", "student_id", "video_id")


def views(facts: Facts) -> list[Row]:
    """Returns the students' views."""
    return facts.of_students(facts.content.video_views, VIEW)


def total(some: list[Row], column: str) -> float:
    """Returns a sum of seconds, exact to the millisecond."""
    ms: int = sum(round(1000 * v[column]) for v in some)
    return ms / 1000


@truth("student_video_views", *VIEW)
def student_video_views(facts: Facts) -> Iterable[Row]:
    """A student, video and session."""
    hidden = {"bins", "rewatched_bins", "task", "place"}
    return [
        {k: moment(v) if k == "start_time" else v for k, v in row.items() if k not in hidden} for row in views(facts)
    ]


@truth("video_summary", "video_id")
def video_summary(facts: Facts) -> Iterable[Row]:
    """A video over all time; its rate is weighed by the time watched."""
    for video, some in grouped(views(facts), lambda v: v["video_id"]).items():
        rated = [v for v in some if v["avg_playback_rate"] is not None]
        watched = total(rated, "watched_seconds")
        rate = sum(v["watched_seconds"] * v["avg_playback_rate"] for v in rated) / watched if watched else None
        yield {
            "video_id": video,
            "course_id": max((v["course_id"] for v in some if v["course_id"]), default=None),
            "lesson_id": max((v["lesson_id"] for v in some if v["lesson_id"]), default=None),
            "views": len(some),
            "students": len({v["student_id"] for v in some}),
            **{c: total(some, c) for c in ("watched_seconds", "unique_seconds", "rewatched_seconds")},
            "video_duration_s": max((v["video_duration_s"] for v in some if v["video_duration_s"]), default=None),
            "median_watch_pct": median([v["watch_pct"] for v in some if v["watch_pct"] is not None]),
            "completed_share": sum(v["completed"] for v in some) / len(some),
            "seeks": sum(v["seeks"] for v in some),
            "avg_playback_rate": rate,
        }


def parts(facts: Facts) -> list[Row]:
    """Returns each twentieth of each video."""
    found = []
    known = [v for v in views(facts) if v["video_duration_s"] is not None]
    for video, some in grouped(known, lambda v: v["video_id"]).items():
        for part in range(20):
            watched = sum(v["bins"] >> part & 1 for v in some)
            again = sum(v["rewatched_bins"] >> part & 1 for v in some)
            found.append(
                {
                    "video_id": video,
                    "bin": part,
                    "from_pct": 5 * part,
                    "views": len(some),
                    "watched": watched,
                    "watched_share": watched / len(some),
                    "rewatched": again,
                    "rewatched_share": again / len(some),
                }
            )
    return found


@truth("video_drop_off", "video_id", "bin")
def video_drop_off(facts: Facts) -> Iterable[Row]:
    """Where a video is left."""
    return parts(facts)


@truth("video_rewatch_peaks", "video_id", "bin")
def video_rewatch_peaks(facts: Facts) -> Iterable[Row]:
    """Where a video is watched again more than beside, and half as often again as on the whole."""
    lengths = {row["video_id"]: row["video_duration_s"] for row in video_summary(facts)}
    for video, some in grouped(parts(facts), lambda p: p["video_id"]).items():
        again = [part["rewatched"] for part in some]
        for place, part in enumerate(some):
            beside = [again[n] for n in (place - 1, place + 1) if 0 <= n < 20]
            if again[place] and again[place] >= 1.5 * sum(again) / 20 and all(again[place] >= n for n in beside):
                yield {
                    "video_id": video,
                    **{name: part[name] for name in ("bin", "from_pct", "views", "rewatched", "rewatched_share")},
                    "from_s": lengths[video] * place / 20,
                }


@truth("video_engagement", "day", "class_id")
def video_engagement(facts: Facts) -> Iterable[Row]:
    """The median coverage of a day's views whose session is over."""
    going_on = {student: start for start, student in facts.content.sessions_open}
    over = [
        v
        for v in views(facts)
        if v["watch_pct"] is not None and v["start_time"] < going_on.get(v["student_id"], float("inf"))
    ]
    for (day, class_id), some in grouped(over, lambda v: (day_of(v["start_time"]), v["class_id"])).items():
        yield {
            "day": day,
            "class_id": class_id,
            "views": len(some),
            "students": len({v["student_id"] for v in some}),
            "median_watch_pct": median([v["watch_pct"] for v in some]),
        }
