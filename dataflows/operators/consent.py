"""The step `consent`: what a student does after she has withdrawn her consent counts nowhere until she gives it again.

Each topic-partition is judged by itself: an event is withheld where the last consent before it *in the same log* is a
withdrawal. So neither clocks, batches nor the turns in which topics are read are of any consequence, and an event that
was done before the withdrawal and sent after it is withheld. The gateway writes a consent to every topic.

A step of its own, in front of all others: it reads nothing of an event where nobody has withdrawn anything. What it
withholds still moves the watermark.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from bisect import bisect_left
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final, Generic, Protocol, TypeVar

import msgspec
import numpy as np
import polars as pl

from dataflows import metrics
from dataflows.batch import TaskBatch
from dataflows.claim import RefusedError
from dataflows.events.consents import CONSENTS, WITHDRAWN
from dataflows.events.ids import joined_id
from dataflows.events.text import as_text
from dataflows.operators.columns import Text, text_of
from dataflows.operators.segments import Bools
from dataflows.settings import Settings

TABLE: Final = "consents"
_WORDS: Final = re.compile(r"[\w.@+-]+")

State = dict[str, tuple[dict[str, list[tuple[int, bool]]], set[str]]]
"""By topic: of each student the consents as (place, withdrawn), and the ids of all."""


@dataclass(frozen=True, slots=True)
class Said:
    """What the step reads of a decoded batch of one topic-partition.

    Attributes:
        topic: The topic.
        frame: offset, event_ms, id_hi, id_lo and is_tick of its rows, in log order.
        may_consent: Whether any of the rows may be a consent.
        names: Returns the names of the rows' events; of a tick's row they mean nothing.
        students: Returns the rows' students, likewise.
    """

    topic: str
    frame: pl.DataFrame
    may_consent: bool
    names: Callable[[], Text]
    students: Callable[[], Text]


class Gated(Protocol):
    """A batch whose events may be withheld."""

    source: TaskBatch
    withheld: dict[str, Bools]
    forgets: Callable[[str], bool] | None
    rows: dict[str, pl.DataFrame]


B = TypeVar("B", bound=Gated)


@dataclass(slots=True)
class History:
    """The consents of one topic-partition.

    Attributes:
        of: By student: (place, withdrawn) in the order of the log.
        ids: The ids of all of them: a repeat is none, however late it comes.
    """

    of: dict[str, list[tuple[int, bool]]] = field(default_factory=dict)
    ids: set[str] = field(default_factory=set)

    def note(self, student: str, place: int, event_id: str, *, withdrawn: bool) -> bool:
        """Takes a consent; returns whether it is new.

        Example:
            >>> history = History()
            >>> history.note("ann", 4, "a", withdrawn=True), history.note("ann", 9, "a", withdrawn=True)
            (True, False)
            >>> [history.is_withdrawn("ann", place) for place in (3, 4, 5)]
            [False, False, True]
        """
        if event_id in self.ids:
            return False
        self.ids.add(event_id)
        said = self.of.setdefault(student, [])
        said.insert(bisect_left(said, (place, False)), (place, withdrawn))
        return True

    def is_withdrawn(self, student: str, place: int) -> bool:
        """Says whether the last consent of a student before a place is a withdrawal."""
        said = self.of.get(student, [])
        at = bisect_left(said, (place, False))
        return at > 0 and said[at - 1][1]


def digest_of(key: bytes, student_id: str) -> bytes:
    """Returns by what an erased student is known: without the key nobody can tell who it was, nor try ids.

    Example:
        >>> digest_of(b"k", "ann") == digest_of(b"k", "ann"), len(digest_of(b"k", "ann"))
        (True, 32)
    """
    return hmac.new(key, student_id.encode("utf-8", "surrogatepass"), hashlib.sha256).digest()


class GateConsent(Generic[B]):
    """Says which rows of a batch are withheld: in `batch.withheld` by topic, absent where none is."""

    def __init__(
        self,
        flow: str,
        settings: Settings,
        said: Callable[[B], Iterable[Said]],
        *,
        has_duties: bool = False,
    ) -> None:
        """Starts with everybody's consent.

        Args:
            flow: The flow's name.
            settings: What counts in spite of a withdrawal, and the key by which erased students are known.
            said: Returns what is to be read of a batch.
            has_duties: Whether the flow keeps what a school needs for its duties (`CLASSPULSE_CONSENT_DUTIES`).
        """
        self._flow, self._said = flow, said
        self._duties = tuple(settings.consent_duties) if has_duties else ()
        self._histories: dict[str, History] = {}
        self._new: list[tuple[Any, ...]] = []
        key = settings.erasure_key.get_secret_value().encode() if settings.erasure_key else b""
        self._key = key
        self._digest = lru_cache(maxsize=100_000)(lambda student_id: digest_of(key, student_id))

    def process(self, batch: B) -> B:
        """Notes what is withheld; adds rows of `consents` when they are due."""
        erased = batch.source.erased
        if erased and not self._key:
            text = (
                "students were erased from this database, and CLASSPULSE_ERASURE_KEY, by which they are known, is not "
                "set: set it as it was when they were"
            )
            raise RefusedError(text)
        if erased:
            batch.forgets = lambda student_id: self._digest(student_id) in erased
        for said in self._said(batch):
            mask = self._withheld(said, batch.source, erased)
            if mask is not None and mask.any():
                batch.withheld[said.topic] = mask
                metrics.WITHHELD.labels(self._flow).inc(int(mask.sum()))
        if self._new and batch.source.writes:
            batch.rows[TABLE] = _rows(self._new)
            self._new = []
        return batch

    def _withheld(self, said: Said, source: TaskBatch, erased: frozenset[bytes]) -> Bools | None:
        history = self._histories.get(said.topic)
        if not (said.may_consent or erased or (history is not None and history.of)):
            return None
        is_event = ~said.frame["is_tick"].to_numpy()
        students = said.students()
        known = np.zeros(len(is_event), np.bool_)
        if erased:
            known = is_event & _among(students, lambda student_id: self._digest(student_id) in erased)
        withheld = known.copy()
        if said.may_consent:
            names = said.names()
            consents = is_event & names.among(CONSENTS)
            if consents.any():
                history = self._histories.setdefault(said.topic, History())
                self._take(said, source.task, students, names, consents & ~known)
            withheld |= consents
        if history is not None and history.of:
            withheld |= self._withdrawn(said, history, students, is_event)
        return withheld

    def _take(self, said: Said, task: int, students: Text, names: Text, consents: Bools) -> None:
        """Takes the consents of a batch, in the order of the log."""
        history = self._histories[said.topic]
        frame = said.frame
        for row in np.flatnonzero(consents).tolist():
            student = str(students.values[students.codes[row]])
            withdrawn = names.values[names.codes[row]] == WITHDRAWN
            place, event_ms = int(frame["offset"][row]), int(frame["event_ms"][row])
            event_id = joined_id(int(frame["id_hi"][row]), int(frame["id_lo"][row]))
            if history.note(student, place, event_id, withdrawn=withdrawn):
                self._new.append((student, said.topic, task, place, event_ms, event_id, withdrawn))

    def _withdrawn(self, said: Said, history: History, students: Text, is_event: Bools) -> Bools:
        """Returns which rows lie behind a withdrawal and are no duty."""
        found = np.zeros(len(is_event), np.bool_)
        rows = np.flatnonzero(is_event & _among(students, history.of.__contains__))
        if len(rows):
            places, codes = said.frame["offset"].to_numpy()[rows], students.codes[rows]
            for code in np.unique(codes).tolist():
                mine = codes == code
                known = history.of[str(students.values[code])]
                last = np.searchsorted([place for place, _withdrawn in known], places[mine]) - 1
                found[rows[mine]] = (last >= 0) & np.array([withdrawn for _place, withdrawn in known])[last]
            if self._duties and found.any():
                found &= ~said.names().among(self._duties)
        return found

    def state(self) -> tuple[State, list[tuple[Any, ...]]]:
        """Returns the consents, and those that wait for the next write."""
        return {topic: (dict(h.of), set(h.ids)) for topic, h in self._histories.items()}, list(self._new)

    def restore(self, state: tuple[State, list[tuple[Any, ...]]]) -> None:
        """Continues from a snapshot, or from what the database knows (`known_consents`)."""
        self._histories = {
            topic: History({student: list(said) for student, said in of.items()}, set(ids))
            for topic, (of, ids) in state[0].items()
        }
        self._new = list(state[1])


def names_any(payload: bytes, is_meant: Callable[[str], bool]) -> bool:
    """Says whether bytes that are no event name a student: a scalar of a document, else a word.

    Example:
        >>> is_ann = {"ann"}.__contains__
        >>> [names_any(value, is_ann) for value in (b'{"user_id": " ann", "x": []}', b'{"user_id": "ann"', b'"joan"')]
        [True, True, False]
    """
    try:
        document = msgspec.json.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return any(map(is_meant, _WORDS.findall(payload.decode("utf-8", "replace"))))
    waiting = [document]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            waiting.extend(node.values())
        elif isinstance(node, list):
            waiting.extend(node)
        elif (text := as_text(node)) and is_meant(text):
            return True
    return False


def _among(text: Text, is_meant: Callable[[str], bool]) -> Bools:
    if not len(text.values):
        return np.zeros(len(text.codes), np.bool_)
    meant = np.array([value is not None and is_meant(value) for value in text.values], np.bool_)
    found: Bools = meant[text.codes]
    return found


def _rows(consents: list[tuple[Any, ...]]) -> pl.DataFrame:
    """Returns rows of `consents`, in the order in which all flows write them."""
    columns = ("student_id", "topic", "partition", "kafka_offset", "event_ms", "event_id", "withdrawn")
    frame = pl.DataFrame(sorted(consents), schema=list(columns), orient="row")
    return frame.select(
        *columns[:4], pl.col("event_ms").cast(pl.Datetime("ms")).alias("event_time"), "event_id", "withdrawn"
    )


def said_in(topic: str, frame: pl.DataFrame, student: str, name: str = "event_name") -> Said:
    """Returns what is read of a frame that holds texts."""
    may = bool(frame[name].is_in(CONSENTS).any())
    return Said(topic, frame, may, lambda: text_of(frame[name]), lambda: text_of(frame[student]))


def said_by(topic: str, frame: pl.DataFrame, students: list[str], act: str, names: list[str]) -> Said:
    """Returns what is read of a frame of codes.

    Args:
        topic: The topic.
        frame: The rows; its column `student` are codes of students.
        students: Students by code.
        act: The frame's column of codes of what was done.
        names: The events' names by that code.
    """
    return Said(
        topic,
        frame,
        any(name in CONSENTS for name in names),
        lambda: Text(frame[act].to_numpy(), names),
        lambda: Text(frame["student"].to_numpy(), students),
    )
