"""Video views of any events: equal to the slow telling, and within what a video allows."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from dataflows.content.marks import NONE, FoldRules
from dataflows.content.videos import Views
from tests.dataflows.content.plain_videos import Row, plain_views
from tests.dataflows.content.watching import KINDS, ORIGIN_MS, Said, views_of

SHORT = FoldRules(idle_cap_ms=20_000)

moments = st.integers(0, 1200).map(lambda tenths: tenths / 10)
positions = st.one_of(st.none(), st.none(), st.none(), st.integers(0, 700).map(lambda tenths: tenths / 10))
said = st.builds(
    Said,
    at=moments,
    kind=st.sampled_from([*KINDS, "play", "play", "play", "seek", "ping", "complete", "click", "idle"]),
    position=positions,
    length=st.sampled_from([None, None, 0, 47.3, 60, 10**6]),
    rate=st.sampled_from([None, None, None, 0, 0.333, 1.5, 2, 99]),
    from_=positions,
    to=positions,
    video=st.sampled_from([0, 0, 0, 1]),
    member=st.sampled_from([0, 0, 0, 1]),
    class_code=st.integers(NONE, 2),
)


def in_sessions(events: list[Said]) -> list[Said]:
    """Returns events in order, a student's sessions cut at a minute; before second ten there is none."""
    ordered = sorted(events, key=lambda event: (event.member, event.at))
    sessions = [-1 if e.at < 10 else 2 * e.member + (e.at >= 60) for e in ordered]
    return [replace(event, session=session) for event, session in zip(ordered, sessions, strict=True)]


streams = st.lists(said, max_size=25).map(in_sessions)


@st.composite
def sittings(draw: st.DrawFn) -> list[Said]:
    """One student in front of one video, whose player mostly says where it is; at the end perhaps something else."""
    events, at = list[Said](), 10.0
    for kind in draw(st.lists(st.sampled_from(["play", "play", "pause", "seek", "ping", "complete"]), max_size=6)):
        off = draw(st.none() | st.integers(-30, 30))
        position = None if off is None else at - 10 + off / 10
        events.append(draw(said_at(at, kind, position)))
        at += draw(st.integers(0, 250)) / 10
    for kind in draw(st.lists(st.sampled_from(["click", "idle", "page"]), max_size=1)):
        events.append(draw(said_at(at, kind, None)))
    return in_sessions([replace(event, member=0, video=0) for event in events])


def said_at(at: float, kind: str, position: float | None) -> st.SearchStrategy[Said]:
    place: dict[str, Any] = {} if position is None else {"position": st.just(position)}
    return st.builds(Said, st.just(at), st.just(kind), length=st.sampled_from([None, 50]), to=positions, **place)


def rows_of(views: Views) -> list[Row]:
    """Returns views as rows, times since the origin, `NONE` as None."""
    columns: dict[str, list[Any]] = {
        field.name: [None if v == NONE else v for v in getattr(views, field.name).tolist()]
        for field in fields(views)
        if field.name not in {"course", "lesson"}
    }
    columns["start_ms"] = [start - ORIGIN_MS for start in columns["start_ms"]]
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


@settings(deadline=None, max_examples=500)
@given(streams | sittings() | sittings(), st.integers(-5, 25))
def test_views_are_those_of_a_slow_telling(events: list[Said], after: int) -> None:
    """`after`: how far the watermark has passed the last event, where the cap is 20 s."""
    low = max((event.at for event in events), default=0) + after
    assert rows_of(views_of(events, low, SHORT)) == plain_views(events, round(low * 1000), SHORT)


@settings(deadline=None, max_examples=300)
@given(streams, st.integers(0, 160))
def test_no_view_shows_more_than_the_video_has(events: list[Said], low: int) -> None:
    for row in rows_of(views_of(events, low, SHORT)):
        watched, unique, length = row["watched_ms"] or 0, row["unique_ms"] or 0, row["duration_ms"]
        assert 0 <= unique <= watched
        assert row["rewatched_ms"] == watched - unique
        assert (row["watch_pct"] is None) == (length is None)
        assert unique <= (length or unique)
        assert (row["watch_pct"] or 0) <= 1_000_000
        assert (row["rewatched_bins"] or 0) & ~(row["bins"] or 0) == 0
        assert (row["bins"] or 0) < 1 << 20
        bins = (row["bins"] or 0).bit_count()
        # A bit needs half a twentieth; without a bit less than half was covered.
        assert length is None or bins * length <= 40 * unique <= (bins + 20) * length


@settings(deadline=None, max_examples=200)
@given(streams)
def test_the_watermark_only_ever_adds_the_open_end(events: list[Said]) -> None:
    before, after = views_of(events, 0, SHORT), views_of(events, 1000, SHORT)
    assert before.start_ms.tolist() == after.start_ms.tolist()
    assert ((after.watched_ms - before.watched_ms) >= 0).all()
    assert ((after.watched_ms - before.watched_ms) <= SHORT.idle_cap_ms * 16).all()


@settings(deadline=None, max_examples=200)
@given(streams)
def test_a_students_views_do_not_depend_on_who_else_is_folded(events: list[Said]) -> None:
    together = [row for row in rows_of(views_of(events, 1000, SHORT)) if row["member"] == 0]
    alone = [event for event in events if event.member == 0]
    assert rows_of(views_of(alone, 1000, SHORT)) == together
