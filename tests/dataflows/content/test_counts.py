"""Counts by local day, of students and of pages: as a plain telling gives them, however they come."""

from __future__ import annotations

import pickle
import random
from collections import defaultdict
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from dataflows.content import pages as pages_module
from dataflows.content.counts import ClickDays
from dataflows.content.pages import LONGEST_URL, PageDays
from dataflows.operators.calendar import Calendar
from dataflows.operators.dictionary import Dictionary
from tests.dataflows.content.clicking import HOUR_MS, NOON_MS, decoded, event

ZONE = "Asia/Kolkata"
REACH_MS = 5_400_000
DAY = date(2023, 11, 15)
TENS = [f"s{ten}" for ten in range(10)]


class Task:
    """Both operators of a task, and what they wrote, by key."""

    def __init__(self) -> None:
        self.students: Dictionary[str] = Dictionary()
        self.clicks, self.pages = ClickDays(Calendar(ZONE), REACH_MS), PageDays(3, Calendar(ZONE), REACH_MS)
        self.click_days: dict[Any, dict[str, Any]] = {}
        self.page_days: dict[Any, dict[str, Any]] = {}
        self.taken = 0

    def take(self, *sent: dict[str, Any]) -> None:
        events = decoded(list(sent), self.students, self.taken)
        self.taken += len(sent)
        self.clicks.add(events)
        self.pages.add("clickstream_events", events)

    def write(self, low_ms: int = 0) -> None:
        for row in self.clicks.rows(low_ms, self.students.values).to_dicts():
            self.click_days[row["day"], row["student_id"]] = row
        for row in self.pages.rows(low_ms).to_dicts():
            self.page_days[row["day"], row["page_url"]] = row

    def crash(self) -> None:
        """Goes on from a snapshot."""
        kept = pickle.loads(pickle.dumps((self.students.values, self.clicks.state(), self.pages.state())))
        self.students = Dictionary(kept[0])
        self.clicks, self.pages = ClickDays(Calendar(ZONE), REACH_MS), PageDays(3, Calendar(ZONE), REACH_MS)
        self.clicks.restore(kept[1])
        self.pages.restore(kept[2])


def test_a_day_of_a_student_is_counted() -> None:
    task = Task()
    task.take(
        event("ann", "page_view", NOON_MS, class_id="7B", metadata={"scroll_depth": 12.34}),
        event("ann", "button_click", NOON_MS + 1),
        event("ann", "badge_opened", NOON_MS + 2),
        event("ann", "search", NOON_MS + 3, class_id="7A"),
        event("ann", "scroll", NOON_MS + 4, metadata={"scroll_depth": 100}),
        event("ann", "scroll", NOON_MS + 5),
        event("ann", "idle", NOON_MS + 6, class_id="7C"),
        event("ann", "time_ping", NOON_MS + 7, metadata={"hidden": True}),
    )
    task.write()
    assert task.click_days == {
        (DAY, "ann"): {
            "day": DAY,
            "student_id": "ann",
            "class_id": "7C",
            "clicks": 2,
            "pages": 1,
            "searches": 1,
            "scrolls": 2,
            "scroll_sum": 1123,
            "interactions": 6,
        }
    }


def test_a_day_of_a_page_is_counted() -> None:
    task = Task()
    task.take(
        event("ann", "page_view", NOON_MS, page_url="/a"),
        event("ann", "page_view", NOON_MS + 1, page_url="/a"),
        event("ben", "scroll", NOON_MS + 2, page_url="/a", metadata={"scroll_depth": 9.9}),
        event("ben", "scroll", NOON_MS + 3, page_url="/a", metadata={"scroll_depth": 100}),
        event("cat", "button_click", NOON_MS + 4, page_url="/a"),
        event("cat", "page_view", NOON_MS + 5),
    )
    task.write()
    counts = {"views": 2, "students": 2, "scrolls": 2, **dict.fromkeys(TENS, 0), "s0": 1, "s9": 1}
    assert task.page_days == {(DAY, "/a"): {"day": DAY, "page_url": "/a", "task": 3, **counts}}


def test_an_address_counts_as_its_page_whatever_its_query_says() -> None:
    task = Task()
    addresses = ("/a?session=1", "/a", "/a?session=2#top", "https://lms.example/#/inbox?tab=2", "?tab=1")
    task.take(*(event(f"s{n}", "page_view", NOON_MS, page_url=url) for n, url in enumerate(addresses)))
    task.write()
    counted = {page: (row["views"], row["students"]) for (_day, page), row in task.page_days.items()}
    assert counted == {"/a": (3, 3), "https://lms.example/#/inbox": (1, 1), "/": (1, 1)}


def test_a_day_without_interactions_has_no_row() -> None:
    task = Task()
    task.take(event("ann", "idle", NOON_MS))
    task.write()
    assert not task.click_days


def test_days_begin_at_local_midnight() -> None:
    task = Task()
    midnight_ms = round(datetime(2023, 11, 16, tzinfo=ZoneInfo(ZONE)).timestamp() * 1000)
    task.take(event("ann", "search", midnight_ms - 1), event("ann", "search", midnight_ms))
    task.write()
    assert {key[0].day: row["searches"] for key, row in task.click_days.items()} == {15: 1, 16: 1}


def test_only_what_changed_is_written_again() -> None:
    task = Task()
    task.take(event("ann", "page_view", NOON_MS, page_url="/a"), event("ben", "page_view", NOON_MS, page_url="/b"))
    task.write()
    task.take(event("ann", "page_view", NOON_MS + 1, page_url="/a"))
    assert task.clicks.rows(0, task.students.values)["student_id"].to_list() == ["ann"]
    assert task.pages.rows(0)["page_url"].to_list() == ["/a"]


def test_a_closed_day_is_forgotten_and_an_open_one_kept() -> None:
    task = Task()
    midnight_ms = round(datetime(2023, 11, 16, tzinfo=ZoneInfo(ZONE)).timestamp() * 1000)
    task.take(event("ann", "page_view", NOON_MS, page_url="/a"))
    task.write(midnight_ms + REACH_MS - 1)
    assert len(task.clicks.state()["days"][0]) == len(task.pages.state()["students"]) == 1
    task.write(midnight_ms + REACH_MS)
    assert len(task.clicks.state()["days"][0]) == len(task.clicks.state()["class"][0]) == 0
    assert len(task.pages.state()["students"]) == len(task.pages.state()["days"][0]) == 0


def test_a_long_address_is_cut() -> None:
    task = Task()
    task.take(event("ann", "page_view", NOON_MS, page_url="/" + "ü" * 3000))
    task.write()
    assert [url for _day, url in task.page_days] == ["/" + "ü" * (LONGEST_URL - 1)]


def test_addresses_of_closed_days_are_given_up(monkeypatch: Any) -> None:
    monkeypatch.setattr(pages_module, "_COMPACT_FROM", 3)
    task = Task()
    task.take(*(event("ann", "page_view", NOON_MS, page_url=f"/{n}") for n in range(20)))
    later = [event("ben", "page_view", NOON_MS + 48 * HOUR_MS, page_url=f"/{n}") for n in (17, 40, 3)]
    task.take(*later)
    task.write(NOON_MS + 48 * HOUR_MS)
    assert set(task.pages.state()["urls"]) == {"/17", "/40", "/3"}
    task.take(*(one | {"student_id": who} for one in later for who in ("ben", "ann")))
    task.write()
    rows = {url: row for (day, url), row in task.page_days.items() if day.day == 17}
    assert {url: (row["views"], row["students"]) for url, row in rows.items()} == dict.fromkeys(
        ("/17", "/40", "/3"), (3, 2)
    )


names = st.sampled_from(["page_view", "page_view", "button_click", "scroll", "search", "idle", "course_enroll", "odd"])
sent = st.lists(
    st.builds(
        lambda student, name, hours, nth, url, class_code, depth: event(
            student,
            name,
            NOON_MS + hours * HOUR_MS,
            nth,
            **({"page_url": url} if url else {}),
            **({"class_id": class_code} if class_code else {}),
            metadata={"scroll_depth": depth} if depth is not None else {},
        ),
        st.sampled_from("abc"),
        names,
        st.integers(0, 40),
        st.integers(0, 5),
        st.sampled_from(["/x", "/y", None]),
        st.sampled_from(["7A", "7B", None]),
        st.sampled_from([None, None, 0, 9.99, 10, 55.55, 100, 101, -3]),
    ),
    max_size=30,
    unique_by=lambda one: one["event_id"],
)


def plainly(came: list[dict[str, Any]]) -> tuple[dict[Any, dict[str, Any]], dict[Any, dict[str, Any]]]:
    """Returns the rows as a reader of the events, in the order in which they came, would count them."""
    zone = ZoneInfo(ZONE)
    clicks: dict[Any, dict[str, Any]] = {}
    pages: dict[Any, dict[str, Any]] = {}
    who: defaultdict[Any, set[str]] = defaultdict(set)
    for one in sorted(came, key=lambda e: e["timestamp"]):  # of one instant, the one that came last is the last
        day = datetime.fromtimestamp(one["timestamp"] / 1000, UTC).astimezone(zone).date()
        name, depth = one["event_name"], one["metadata"].get("scroll_depth", -1)
        acts = name not in {"idle", "course_enroll"}
        depth = depth if acts and 0 <= depth <= 100 else None
        row = clicks.setdefault(
            (day, one["student_id"]),
            {"day": day, "student_id": one["student_id"], "class_id": None}
            | dict.fromkeys(["clicks", "pages", "searches", "scrolls", "scroll_sum", "interactions"], 0),
        )
        row["class_id"] = one.get("class_id", row["class_id"])
        row["clicks"] += name in {"button_click", "odd"}
        row["pages"] += name == "page_view"
        row["searches"] += name == "search"
        row["scrolls"] += depth is not None
        row["scroll_sum"] += round((depth or 0) * 10)
        row["interactions"] += acts
        url = one.get("page_url")
        if url and (name == "page_view" or depth is not None):
            page = pages.setdefault(
                (day, url),
                {"day": day, "page_url": url, "task": 3} | dict.fromkeys(["views", "students", "scrolls", *TENS], 0),
            )
            who[day, url].add(one["student_id"])
            page["views"] += name == "page_view"
            page["students"] = len(who[day, url])
            if depth is not None:
                page["scrolls"] += 1
                page[TENS[min(round(depth * 10) // 100, 9)]] += 1
    return {key: row for key, row in clicks.items() if row["interactions"]}, pages


@settings(deadline=None, max_examples=200)
@given(sent, st.randoms(use_true_random=False))
def test_counts_are_those_of_a_plain_telling_in_any_order_and_over_crashes(
    events: list[dict[str, Any]], rng: random.Random
) -> None:
    shuffled = rng.sample(events, len(events))
    left = shuffled
    task = Task()
    while left:
        size = rng.randint(1, 8)
        task.take(*left[:size])
        left = left[size:]
        if rng.random() < 0.5:
            task.write()
        if rng.random() < 0.3:
            task.crash()
    task.write()
    assert (task.click_days, task.page_days) == plainly(shuffled)


def test_no_events_give_no_rows() -> None:
    task = Task()
    task.take()
    task.write()
    assert not task.click_days
    assert isinstance(task.pages.rows(0), pl.DataFrame)
