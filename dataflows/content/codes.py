"""The task's dictionaries of texts, places and clients: what marks speak of by number."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, Final, Generic, TypeVar

import numpy as np

from dataflows.content.columns import Events
from dataflows.content.marks import NONE
from dataflows.events.studied import Client, Location
from dataflows.operators.dictionary import Dictionary
from dataflows.operators.segments import Ints

Texts = Dictionary[str]
K = TypeVar("K", bound=Hashable)

_COMPACT_FROM: Final = 100_000


class Rows(Generic[K]):
    """Tuples of texts by code, and the codes of their texts as a matrix that grows with them."""

    def __init__(self, texts: Texts, parts: tuple[int, ...], values: list[K] | None = None) -> None:
        """Takes the parts of the tuples that are looked up, and the values of a snapshot."""
        self._texts, self._parts = texts, parts
        self._known: Dictionary[K] = Dictionary(values or ())
        self._matrix: Ints = np.empty((0, len(parts)), np.int64)

    @property
    def values(self) -> list[K]:
        """The tuples by code."""
        return self._known.values

    def codes(self, values: list[K]) -> Ints:
        """Returns the code of each tuple."""
        return self._known.codes(values)

    def texts_of(self, codes: Ints) -> Ints:
        """Returns the text codes of tuples by code, shape (parts, n)."""
        if len(self._matrix) < len(self._known):
            new = [self._row(value) for value in self._known.values[len(self._matrix) :]]
            self._matrix = np.concatenate([self._matrix, np.array(new, np.int64).reshape(-1, len(self._parts))])
        return self._matrix[codes].T

    def _row(self, value: Any) -> list[int]:  # noqa: ANN401
        return [NONE if value[part] is None else self._texts.code(value[part]) for part in self._parts]


class Codes:
    """The dictionaries of one task.

    Attributes:
        texts: Classes, courses, chapters, lessons, videos, devices, browsers, countries.
        sessions: Session ids.
        places: Where events happened.
        clients: On what.
    """

    def __init__(self) -> None:
        """Starts without texts."""
        self.sessions: Texts = Dictionary()
        self._limit = _COMPACT_FROM
        self._begin([], [], [])

    def of_places(self, events: Events) -> Ints:
        """Returns the code of each event's place."""
        return self.places.codes(events.places)[events.location] if len(events) else events.location

    def of_clients(self, events: Events) -> Ints:
        """Returns the code of each event's client."""
        return self.clients.codes(events.clients)[events.client] if len(events) else events.client

    def of_videos(self, events: Events) -> Ints:
        """Returns the text code of each event's video, or `NONE`."""
        codes = [NONE if item.video_id is None else self.texts.code(item.video_id) for item in events.items]
        return np.array(codes, np.int64)[events.item] if len(events) else events.item

    def of_sessions(self, events: Events) -> Ints:
        """Returns the code of each event's session id, or `NONE`."""
        if not len(events):
            return events.session
        used, at = np.unique(events.session, return_inverse=True)
        texts = [events.sessions[code] for code in used.tolist()]
        codes = [NONE if text is None else self.sessions.code(text) for text in texts]
        return np.array(codes, np.int64)[at]

    def compact_sessions(self, held: list[Any]) -> None:
        """Gives up session ids that no mark speaks of, and rewrites the codes of those that are, in place."""
        if len(self.sessions) >= max(_COMPACT_FROM, 2 * len(_used(held))):
            self.sessions = Dictionary(_rewritten(held, self.sessions.values))

    def compact(self, places: list[Any], clients: list[Any], texts: list[Any]) -> None:
        """Gives up places, clients and texts that nothing speaks of, where there are many; see `compact_sessions`.

        Args:
            places: Arrays of codes of places.
            clients: Arrays of codes of clients.
            texts: Arrays of codes of texts.
        """
        if max(len(self.texts), len(self.places.values), len(self.clients.values)) < self._limit:
            return
        kept = [
            _rewritten(held, values)
            for held, values in (
                (places, self.places.values),
                (clients, self.clients.values),
                (texts, self.texts.values),
            )
        ]
        self._begin(kept[2], kept[0], kept[1])
        self._limit = 2 * max(_COMPACT_FROM // 2, *map(len, kept))

    def state(self) -> dict[str, Any]:
        """Returns what a snapshot must hold."""
        return {
            "texts": list(self.texts.values),
            "sessions": list(self.sessions.values),
            "places": list(self.places.values),
            "clients": list(self.clients.values),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Continues from a snapshot's texts."""
        self.sessions = Dictionary(state["sessions"])
        self._begin(state["texts"], state["places"], state["clients"])

    def _begin(self, texts: list[str], places: list[Location], clients: list[Client]) -> None:
        self.texts: Texts = Dictionary(texts)
        self.places: Rows[Location] = Rows(self.texts, (0, 1, 2, 3), places)
        self.clients: Rows[Client] = Rows(self.texts, (0, 1, 2), clients)


def _used(held: list[Any]) -> Ints:
    """Returns the codes that some arrays hold, ascending."""
    used = np.unique(np.concatenate([np.empty(0, np.int64), *held]))
    return used[used >= 0]


def _rewritten(held: list[Any], values: list[K]) -> list[K]:
    """Returns the values that some arrays speak of, and rewrites the arrays' codes, in place."""
    used = _used(held)
    code = np.full(len(values) + 1, NONE, np.int64)  # the last place is that of NONE
    code[used] = np.arange(len(used))
    for codes in held:
        codes[...] = code[codes]
    return [values[c] for c in used.tolist()]
