"""Every episode that `stuck` should hold after a log, by brute force: docs/stuck.md read again, sharing no code.

A student's marks are gathered from the whole log and sorted once. Then every instant at which anything could happen is
gone through in order, and at each the whole history of the sitting is read anew. Times are epoch milliseconds.

Decisions where the text leaves room:

- A sitting is told by the marks themselves; a teacher's answer belongs to one, and may begin one, but goes on none.
- What time alone does at an instant comes before the events of that instant.
- What is over at the end of a topic's time is judged up to the task's lowest watermark.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from tests.oracle.consent import Consents
from tests.oracle.ids import KnownIds
from tests.oracle.learning import event_of
from tests.oracle.reading import TOPIC_ORDER, Event, Record, number_of

NEVER = -(1 << 62)
SECOND, MINUTE, HOUR = 1_000, 60_000, 3_600_000
LATENESS, REPEAT = MINUTE, 48 * HOUR
GAP, DAY = 2 * HOUR, 24 * HOUR
WAITS = (2 * MINUTE, 5 * MINUTE, 30 * MINUTE)
TEACHERS = {"stuck_seen": "seen", "stuck_helped": "helped", "stuck_not": "not_stuck"}
ORDER = ("wheel_spinning", "wrong_answers", "hints", "silence_after_fail", "video_loop", "long_dwell",
         "opened_and_left")  # fmt: skip
CHANCE = dict(zip(ORDER, (600, 500, 450, 450, 350, 350, 300), strict=True))
Rows = dict[tuple[Any, ...], dict[str, Any]]


@dataclass(frozen=True)
class Act:
    """What a student did, or a teacher said of one: `wrong right hint open turn further done work else gone said`."""

    at: int
    place: int
    what: str
    item: str
    class_id: str | None
    course_id: str | None
    number: int = -1
    question: str = ""


@dataclass
class Entry:
    """An episode in the making."""

    began: int
    item: str
    kind: str
    since: int
    signs: set[str] = field(default_factory=set)
    said: dict[str, Any] = field(default_factory=dict)
    ended: int | None = None
    outcome: str | None = None


def acts_of(records: Iterable[Record]) -> tuple[dict[tuple[int, str], list[Act]], dict[int, int]]:
    """Returns by task and student what counts, in order; and the lowest watermark of each task."""
    logs: dict[tuple[int, str], list[Record]] = {}
    for record in records:
        logs.setdefault((record.partition, record.topic), []).append(record)
    found: dict[tuple[int, str], list[Act]] = {}
    lows: dict[int, int] = {}
    for (task, topic), log in logs.items():
        mark, known, consents = NEVER, KnownIds(REPEAT), Consents()
        for record in log:
            if record.tick is not None:
                mark = max(mark, min(record.tick, record.append_ms))
                continue
            event = event_of(record, "", 300_000, 65_536)
            if event is None:
                continue
            counts = event.role == ("teacher" if event.event_name in TEACHERS else "student")
            held = consents.holds_back(event)
            in_time = event.event_ms > mark - LATENESS
            if counts and not held and in_time and not known.is_repeat(event.event_id, event.event_ms, mark):
                act = _act(event, topic)
                if act is not None:
                    found.setdefault((task, event.student_id), []).append(act)
            mark = max(mark, min(event.event_ms, record.append_ms))
        if mark > NEVER:
            lows[task] = min(mark, lows.get(task, mark))
    return {who: sorted(acts, key=lambda a: (a.at, a.place)) for who, acts in found.items()}, lows


def _act(event: Event, topic: str) -> Act | None:
    name, about, texts = event.event_name, event.metadata or {}, event.texts
    if name in ("idle", "course_enroll", "course_unenroll", "course_complete") or event.hidden:
        return None
    rank, offset = TOPIC_ORDER.index(topic), event.place[1]
    at = (event.event_ms, number_of((rank, offset)))
    where = (texts["class_id"], texts["course_id"])
    if name in TEACHERS:
        return Act(*at, f"said {TEACHERS[name]}", _text(about.get("item_id")), *where)
    if name == "session_end":
        return Act(*at, "gone", "", *where)
    graded = name.startswith(("quiz_", "assignment_", "module_quiz")) or "hint" in name
    places = [texts[n] for n in ("assessment_id", "video_id", "chapter_id", "lesson_id")]
    if name.startswith("video_"):
        places = [texts[n] for n in ("video_id", "lesson_id", "chapter_id")]
    elif graded:
        named = [about.get("skill"), texts["assessment_id"], about.get("module"), about.get("question")]
        places = [*named, texts["lesson_id"], texts["chapter_id"]]
    item = next((str(p) for p in places if p is not None and str(p)), "")
    if not item:
        return Act(*at, "else", "", *where)
    what, number = _what(event)
    return Act(*at, what, item, *where, number, _text(about.get("question")))


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _what(event: Event) -> tuple[str, int]:
    name, about = event.event_name, event.metadata or {}
    position = about.get("position_s")
    if name in ("quiz_answer", "quiz_submit", "assignment_submit", "module_quiz_completed"):
        score, correct = about.get("score"), about.get("correct")
        if correct is not None:
            return ("right" if correct else "wrong"), -1
        if score is not None and 0 <= score <= 100:
            return ("right" if score >= 70 else "wrong"), -1
        return ("further" if name == "quiz_answer" else "done"), -1
    if name in ("video_complete", "lesson_complete", "module_completed"):
        return "done", -1
    if name in ("quiz_start", "quiz_question_next", "assignment_start"):
        return "open", -1
    if "hint" in name:
        return "hint", -1
    if name in ("video_pause", "video_seek"):
        return "turn", int(position) if position is not None else -1
    if name == "video_play" or (name == "time_ping" and event.texts["video_id"]):
        return "further", int(position) if position is not None else -1
    depth = about.get("scroll_depth")
    return "work", int(depth) if depth is not None else -1


def expect(records: Iterable[Record]) -> Rows:
    """Returns the rows of `stuck_episodes` under (began_at, student_id, item_id)."""
    acts, lows = acts_of(records)
    rows: Rows = {}
    for (task, student), mine in acts.items():
        for number, sitting in enumerate(sittings := _sittings(mine)):
            last = number == len(sittings) - 1
            until = max(lows.get(task, NEVER), mine[-1].at) if last else sittings[number + 1][0].at - 1
            for entry, act in _Sitting(sitting).play(until, closes=not last):
                rows[entry.began, student, entry.item] = _row(entry, act, task)
    return rows


def _sittings(acts: list[Act]) -> list[list[Act]]:
    found: list[list[Act]] = []
    seen = NEVER
    for act in acts:
        if not found or act.at - seen >= GAP or act.at - found[-1][0].at >= DAY:
            found.append([])
            seen = act.at
        found[-1].append(act)
        if not act.what.startswith("said"):
            seen = act.at
    return found


class _Sitting:
    """One sitting gone through instant by instant; everything is read from `past` anew each time."""

    def __init__(self, acts: list[Act]) -> None:
        self.acts = acts
        self.past: list[Act | str] = []  # acts that happened, and "settled <item>" in between
        self.entries: list[Entry] = []
        self.muted: set[str] = set()

    def play(self, until: int, *, closes: bool) -> list[tuple[Entry, tuple[str | None, str | None]]]:
        times = {a.at for a in self.acts}
        times |= {at + wait for at in times for wait in WAITS}
        for at in sorted(t for t in times if t <= until):
            self._passes(at)
            for act in self.acts:
                if act.at == at:
                    self._happens(act)
        if closes:
            for entry in self._open():
                self._end(entry, until, "left")
        return [(e, e.said.pop("where")) for e in self.entries]

    def _open(self, item: str | None = None) -> list[Entry]:
        return [e for e in self.entries if e.ended is None and item in (None, e.item)]

    def _end(self, entry: Entry, at: int, outcome: str) -> None:
        entry.ended, entry.outcome = at, outcome

    def _done(self) -> list[Act]:
        return [a for a in self.past if isinstance(a, Act)]

    def _items(self) -> list[str]:
        return list(dict.fromkeys(a.item for a in self._done() if a.item))

    def _passes(self, at: int) -> None:
        done = self._done()
        if done and self._open() and at >= done[-1].at + 30 * MINUTE:
            for entry in self._open():
                self._end(entry, at, "left")
            self.past += [f"settled {item}" for item in self._items()]
            return
        for item in self._items():
            away = self._away(item)
            if self._open(item) and away is not None and at >= away + 5 * MINUTE:
                self._end(self._open(item)[0], at, "moved_on")
                self.past.append(f"settled {item}")
            else:
                self._call(item, at)

    def _happens(self, act: Act) -> None:
        if act.what.startswith("said"):
            for entry in self._open(act.item):
                self._end(entry, act.at, act.what.removeprefix("said "))
            if act.item in self._items():
                self.past.append(f"settled {act.item}")
                if act.what == "said not_stuck":
                    self.muted.add(act.item)
            return
        self.past.append(act)
        if act.what == "gone":
            for entry in self._open():
                self._end(entry, act.at, "left")
            self.past += [f"settled {item}" for item in self._items()]
        if not act.item:
            return
        for entry in self._open(act.item):
            soft = entry.signs <= {"video_loop", "long_dwell", "opened_and_left"}
            if act.what in ("right", "done"):
                self._end(entry, act.at, "solved" if act.what == "right" else "handed_in")
            elif soft and not self._signs(act.item, act.at):
                self._end(entry, act.at, "went_on")
        self._call(act.item, act.at)

    def _mine(self, item: str) -> list[Act]:
        return [a for a in self._done() if a.item == item]

    def _away(self, item: str) -> int | None:
        """When the student was first elsewhere after what was last done here."""
        last = max(n for n, a in enumerate(self.past) if isinstance(a, Act) and a.item == item)
        after = [a for a in self.past[last + 1 :] if isinstance(a, Act) and a.what != "gone"]
        return after[0].at if after else None

    def _since(self, item: str, *, settles: bool) -> list[Act]:
        """What was done here since it last went well (and, where asked, since it was last settled)."""
        start = 0
        for n, one in enumerate(self.past):
            well = isinstance(one, Act) and one.item == item and one.what in ("right", "done")
            if well or (settles and one == f"settled {item}"):
                start = n + 1
        return [a for a in self.past[start:] if isinstance(a, Act) and a.item == item]

    def _progress(self, item: str) -> int:
        """When the student last got further; settling begins anew at what was done last."""
        at = last = NEVER
        best = -1
        for one in self.past:
            if one == f"settled {item}":
                at = last
            if isinstance(one, Act) and one.item == item:
                graded = one.what in ("right", "wrong", "done")
                if last == NEVER or graded or one.what == "further" or one.number > best:
                    at = one.at
                best, last = best if graded else max(best, one.number), one.at
        return at

    def _turns(self, item: str) -> list[Act]:
        turns: list[Act] = []
        for a in self._since(item, settles=True):
            if a.what == "turn" and a.number >= 0:
                turns.append(a)
            elif turns and a.what not in ("wrong", "hint", "open") and a.number > turns[-1].number + 30:
                turns = []
        return turns

    def _loop(self, item: str) -> list[Act]:
        turns = self._turns(item)[-16:]
        near = [t for t in turns if turns[-1].at - t.at <= 5 * MINUTE and abs(t.number - turns[-1].number) <= 15]
        return near if len(near) >= 4 else []

    def _fails(self, item: str) -> tuple[list[Act], list[Act]]:
        since = self._since(item, settles=False)
        return [a for a in since if a.what == "wrong"], [a for a in since if a.what == "hint"]

    def _criteria(self, item: str) -> list[str]:
        results = "".join({"right": "1", "wrong": "0"}.get(a.what, "") for a in self._mine(item))
        found = ["mastery"] if len(results) >= 10 and "111" not in results else []
        last = results[-6:]
        fails = 1 - (last.count("1") + 1) / (len(last) + 2)
        return [*found, "hazard"] if len(results) >= 5 and fails**3 >= 0.5 else found

    def _signs(self, item: str, now: int) -> list[str]:
        mine, since = self._mine(item), self._since(item, settles=False)
        wrong, hints = self._fails(item)
        if item in self.muted or (len(since) < len(mine) and not {"wrong", "open", "hint"} & {a.what for a in since}):
            return []
        fresh = {a for a in self._since(item, settles=True) if a.what in ("wrong", "hint")}
        if wrong + hints and not fresh:
            return []
        away, last = self._away(item), mine[-1]
        opened = [a for a in self._since(item, settles=True) if a.what == "open" and self._opened(a)]
        silent = away is None and self._done()[-1].at == last.at
        holds = {
            "wheel_spinning": bool(wrong and self._criteria(item)),
            "wrong_answers": len(wrong) >= 3,
            "hints": len(hints) >= 3,
            "silence_after_fail": silent and last.what == "wrong" and now - last.at >= 2 * MINUTE,
            "video_loop": bool(self._loop(item)),
            "long_dwell": away is None and last.at - self._progress(item) >= 8 * MINUTE,
            "opened_and_left": bool(opened) and away is not None and now - away >= 2 * MINUTE,
        }
        return [kind for kind in ORDER if holds[kind]]

    def _opened(self, act: Act) -> bool:
        """Whether nothing of the item got further since a question was opened."""
        best = -1
        for a in self._mine(act.item):
            further = a.what in ("right", "wrong", "done", "further") or a.number > best
            if a.what not in ("right", "wrong", "done"):
                best = max(best, a.number)
            if (a.at, a.place) > (act.at, act.place) and further:
                return False
        return True

    def _call(self, item: str, now: int) -> None:
        signs = self._signs(item, now)
        entry = next(iter(self._open(item)), None)
        if not signs and entry is None:
            return
        wrong, hints = self._fails(item)
        if entry is None:
            entry = Entry(now, item, signs[0], self._began(item, signs[0], wrong, hints))
            self.entries.append(entry)
        entry.signs |= set(signs)
        known = [kind for kind in ORDER if kind in entry.signs]
        mine, loop = self._mine(item), self._loop(item)
        said: dict[str, Any] = {
            "signs": known,
            "criteria": self._criteria(item) if "wheel_spinning" in known else [],
            "wrong_in_a_row": len(wrong),
            "opportunities": sum(a.what in ("right", "wrong") for a in mine),
            "hints": len(hints),
            "question": next((a.question for a in reversed(mine) if a.what == "wrong" and a.question), ""),
            "turns": len(loop),
            "without_progress_s": max(mine[-1].at - self._progress(item), 0) // SECOND,
        }
        said = {name: value for name, value in said.items() if value not in ("", 0, [])}
        if loop:
            said["position_s"] = loop[-1].number
        more = 60 * min(max(len(wrong) - 3, 0), 4) + 50 * (len(known) - 1)
        names = ("class_id", "course_id")
        where = tuple(next((v for a in reversed(mine) if (v := getattr(a, name))), None) for name in names)
        chance = min(max(CHANCE[kind] for kind in known) + more, 950)
        entry.said = {"evidence": said, "chance": chance, "where": where}

    def _began(self, item: str, kind: str, wrong: list[Act], hints: list[Act]) -> int:
        if kind in ("wrong_answers", "wheel_spinning", "silence_after_fail"):
            return wrong[0].at
        if kind == "hints":
            return hints[0].at
        if kind == "video_loop":
            return self._turns(item)[-len(self._loop(item))].at
        if kind == "opened_and_left":
            return max(a.at for a in self._mine(item) if a.what == "open")
        return self._progress(item)


def _row(entry: Entry, where: tuple[str | None, str | None], task: int) -> dict[str, Any]:
    return {
        "task": task,
        "class_id": where[0],
        "course_id": where[1],
        "kind": entry.kind,
        "since": entry.since,
        "chance": math.floor(entry.said["chance"]) / 1000,
        "evidence": entry.said["evidence"],
        "ended_at": entry.ended,
        "outcome": entry.outcome,
    }
