"""What each event says about its student, as columns: looked up once a distinct act or place, not once an event."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from dataflows.engagement.columns import Events
from dataflows.events.coding import Place
from dataflows.operators import packing
from dataflows.operators.dictionary import Dictionary, RowCache
from dataflows.operators.places import order_by_time
from dataflows.operators.segments import Bools, Ints
from dataflows.operators.session import END, NO_TIME, OTHER, START
from dataflows.scores.engagement import is_interaction, weight_tenths

Texts = Dictionary[str | None]

_KINDS: Final = {"session_end": END, "session_start": START}
_PLAYING: Final = frozenset({"video_play", "video_seek"})


@dataclass(frozen=True, slots=True)
class Facts:
    """Facts of events, sorted by (student, time, place in the log); all arrays have shape (n,).

    Attributes:
        order: The order of the events in the batch that these rows are in.
        student: Task's student code.
        moment: Packed (student, time, kind of mark).
        placed: Place in the log.
        minute: Packed minute.
        interaction: Whether it is an interaction.
        tenths: Weight in tenths.
        idle: Whether it is an `idle` event.
        end: Whether it is a `session_end`.
        video: Whether it is a video event.
        until_ms: For video events: when the video is expected to end; `NO_TIME` where it does not play.
        role: Text code of the role, and likewise the following.
    """

    order: Ints
    student: Ints
    moment: packing.Wide
    placed: Ints
    minute: Ints
    interaction: Bools
    tenths: Ints
    idle: Bools
    end: Bools
    video: Bools
    until_ms: Ints
    role: Ints
    name: Ints
    device: Ints
    browser: Ints
    class_id: Ints
    grade: Ints
    subject: Ints
    course: Ints
    chapter: Ints
    session: Ints


def facts_of(events: Events, texts: Texts, places: RowCache[Place], sessions: Texts, unknown_video_ms: int) -> Facts:
    """Returns the facts of events whose `student` holds the task's codes.

    Args:
        events: Events that count.
        texts: The task's dictionary of scopes, names and devices; None has the code -1.
        places: The codes of places in it (`place_codes`).
        sessions: The task's dictionary of session ids.
        unknown_video_ms: How long a video of unknown length is taken to play.
    """
    acts = events.acts
    names = [name for _role, name, _device, _browser, _hidden in acts]
    kind = np.array([_KINDS.get(name, OTHER) for name in names], np.int64)
    moment = packing.moment(events.student, events.event_ms, kind[events.act] if len(acts) else events.act)
    order = order_by_time(packing.without_rank(moment), events.placed)
    moment = moment[order]
    act, place = events.act[order], events.place[order]

    def flag(values: list[bool]) -> Bools:
        return np.array(values, np.bool_)[act] if values else np.empty(0, np.bool_)

    def act_text(part: int) -> Ints:
        return codes_of([a[part] for a in acts], texts)[act]  # type: ignore[misc]

    class_id, grade, subject, course, chapter = places.rows(events.places)[place].T
    tenths = np.array([weight_tenths(n, hidden=a[4]) for n, a in zip(names, acts, strict=True)], np.int64)
    video = flag([n.startswith("video_") for n in names])
    playing = flag([n in _PLAYING for n in names])
    return Facts(
        order=order,
        student=events.student[order],
        moment=moment,
        placed=events.placed[order],
        minute=packing.moment_minute(moment),
        interaction=flag([is_interaction(n, hidden=a[4]) for n, a in zip(names, acts, strict=True)]),
        tenths=tenths[act] if len(acts) else act,
        idle=flag([n == "idle" for n in names]),
        end=flag([n == "session_end" for n in names]),
        video=video,
        until_ms=_until(events, order, playing, unknown_video_ms),
        role=act_text(0),
        name=act_text(1),
        device=act_text(2),
        browser=act_text(3),
        class_id=class_id,
        grade=grade,
        subject=subject,
        course=course,
        chapter=chapter,
        session=codes_of(events.sessions, sessions)[events.session[order]],
    )


def place_codes(texts: Texts) -> RowCache[Place]:
    """Returns a cache of the text codes of places: class, grade, subject, course, chapter."""
    return RowCache(5, lambda place: [-1 if text is None else texts.code(text) for text in place])


def codes_of(values: list[str | None], texts: Texts) -> Ints:
    """Returns text codes; None is -1."""
    codes = texts.codes(values)
    codes[[value is None for value in values]] = -1
    return codes


def _until(events: Events, order: Ints, playing: Bools, unknown_ms: int) -> Ints:
    """Returns when each playing video is expected to end: its rest at its rate, or a fixed while where unknown."""
    until = np.full(len(order), NO_TIME, np.int64)
    rows = order[playing]
    position, duration, rate = events.position_s[rows], events.duration_s[rows], events.rate[rows]
    rate = np.where(np.isfinite(rate) & (rate > 0), rate, 1.0)
    rest_ms = np.floor((duration - position) / rate * 1000)
    known = np.isfinite(rest_ms) & (rest_ms >= 0) & (rest_ms < 86_400_000)
    length = np.where(known, np.where(known, rest_ms, 0).astype(np.int64), unknown_ms)
    until[playing] = events.event_ms[rows] + length
    return until
