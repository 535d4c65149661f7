"""`classpulse predict evaluate stuck`: how many of those listed were truly stuck, how much before they were idle.

What is tuned is tuned on two fifths of the students; everything is measured on the others, each time in the queue of
their class as it then was.
"""

from __future__ import annotations

import random
from bisect import bisect_left
from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from dataflows.stuck.marks import DONE, RIGHT, WRONG, Mark
from models.measures import SEED, interval, share
from models.stuck.log import MarkedLog, is_train
from models.stuck.queue import AT_ONCE, IDLE_MS, Call, Listed, calls_of, idle_calls_of, listed, working_at
from models.stuck.training import Tuned, counted_chances, least_chance
from models.stuck.truth import Truth, judgeable

MOST_SAMPLED: Final = 20_000
FEW: Final = 20
MINUTE_MS: Final = 60_000
HORIZON_MS: Final = 7_200_000

Students = Mapping[str, list[Mark]]


def evaluate(log: MarkedLog) -> dict[str, Any]:
    """Returns what `--json` prints; numbers that the log cannot show are null, and `why_not` says why."""
    items = judgeable(log.students.values())
    truths = {student: Truth(marks, log.ends_ms, items) for student, marks in log.students.items()}
    parts: dict[bool, dict[str, list[Mark]]] = {True: {}, False: {}}
    for student, marks in log.students.items():
        parts[is_train(student)][student] = marks
    tuned = tune(parts[True], truths, log.ends_ms)
    held = parts[False]
    idle = [call for student, marks in held.items() for call in idle_calls_of(student, marks, log.ends_ms)]
    ours = judged(_calls(held, log.ends_ms, tuned.chances), truths, tuned.least)
    plain = judged(_calls(held, log.ends_ms, None), truths, 0)
    made = {
        "model": "stuck",
        "definition": "docs/stuck.md",
        "log": _about(log),
        "split": {"by": "hash of the student id", "train_students": len(parts[True]), "held_out_students": len(held)},
        "tuned": {"chances": tuned.chances, "least_chance": tuned.least, "counted": tuned.counted},
        "precision_at_3": _precision(ours),
        "base_rate": _base_rate(held, truths, ours),
        "idle_rule_precision_at_3": _precision(judged(idle, truths, 0)),
        "precision_at_3_as_shipped": _precision(plain),
        "found": _found(held, truths, ours),
        "by_kind": {
            kind: _precision([one for one in ours if one[0].call.kind == kind])
            for kind in sorted({one[0].call.kind for one in ours})
        },
        "not_judged": len(listed(_calls(held, log.ends_ms, tuned.chances), AT_ONCE, tuned.least)) - len(ours),
        "minutes_earlier": None if log.is_coarse else minutes_earlier(ours, idle),
        "why_not": [],
    }
    return _said(made, log)


Judged = list[tuple[Listed, bool]]


def tune(students: Students, truths: Mapping[str, Truth], ends_ms: int) -> Tuned:
    """Returns the chances of a part of the students, and from which on calls are listed."""
    calls = _calls(students, ends_ms, None)
    known = [
        (call.kind, stuck)
        for call in calls
        if call.from_ms == call.called_ms
        and (stuck := truths[call.student].is_stuck(call.item, call.called_ms)) is not None
    ]
    tuned = counted_chances(known)
    entries = judged(_calls(students, ends_ms, tuned.chances), truths, 0)
    return Tuned(tuned.chances, least_chance([(one.call.chance, stuck) for one, stuck in entries]), tuned.counted)


def tune_all(log: MarkedLog) -> Tuned:
    """Returns what all students of a log teach."""
    items = judgeable(log.students.values())
    truths = {student: Truth(marks, log.ends_ms, items) for student, marks in log.students.items()}
    return tune(log.students, truths, log.ends_ms)


def _calls(students: Students, ends_ms: int, chances: dict[str, int] | None) -> list[Call]:
    return [call for student, marks in students.items() for call in calls_of(student, marks, ends_ms, chances)]


def judged(calls: list[Call], truths: Mapping[str, Truth], least: int) -> Judged:
    """Returns the entries of the list, each with whether it was truly stuck when it came there."""
    found = []
    for one in listed(calls, AT_ONCE, least):
        stuck = truths[one.call.student].is_stuck(one.call.item, one.at_ms)
        if stuck is not None:
            found.append((one, stuck))
    return found


def _precision(entries: Judged) -> dict[str, Any]:
    return share([stuck for _, stuck in entries], [one.call.student for one, _ in entries])


def _base_rate(students: Students, truths: Mapping[str, Truth], entries: Judged) -> dict[str, Any]:
    """Returns the share of truly stuck ones among all who worked in the class when an entry came: picking blindly."""
    times: dict[str, list[int]] = {}
    for one, _ in entries:
        times.setdefault(one.call.group, []).append(one.at_ms)
    moments = {group: sorted(set(found)) for group, found in times.items()}
    rng, sample = random.Random(SEED), []  # noqa: S311 (a sample, no secret)
    for place, found in enumerate(working_at(students, moments)):
        if place < MOST_SAMPLED:
            sample.append(found)
        elif (at := rng.randrange(place + 1)) < MOST_SAMPLED:
            sample[at] = found
    known = [(who, truths[who].is_stuck(item, at_ms)) for who, item, at_ms in sample]
    return share([stuck for _, stuck in known if stuck is not None], [who for who, stuck in known if stuck is not None])


def _found(students: Students, truths: Mapping[str, Truth], entries: Judged) -> dict[str, Any]:
    """Returns the share of truly stuck attempts that were listed at any time: of those whose first fail tells it."""
    by_place: dict[tuple[str, str], list[int]] = {}
    for one, _ in entries:
        by_place.setdefault((one.call.student, one.call.item), []).append(one.at_ms)
    hits, owners = [], []
    for student, marks in students.items():
        until: dict[str, int] = {}
        for mark in marks:
            if mark.verb != WRONG or mark.time_ms < until.get(mark.item, 0):
                continue
            if truths[student].is_stuck(mark.item, mark.time_ms):
                until[mark.item] = mark.time_ms + HORIZON_MS
                at = sorted(by_place.get((student, mark.item), []))
                place = bisect_left(at, mark.time_ms)
                hits.append(place < len(at) and at[place] < mark.time_ms + HORIZON_MS)
                owners.append(student)
    return share(hits, owners)


def minutes_earlier(entries: Judged, idle: list[Call]) -> dict[str, Any]:
    """Returns how many minutes before the idle rule the truly stuck ones were called.

    Where several wait, an entry comes onto the list of three later than it was called; `median_on_the_list` is by that,
    though the idle rule has no such limit here.

    Compared with the first time, from the first sign on, that the student did nothing for five minutes, within two
    hours; those whom the idle rule never called in that time are counted apart.
    """
    by_student: dict[str, list[int]] = {}
    for call in idle:
        by_student.setdefault(call.student, []).append(call.from_ms)
    minutes, on_list, owners, never = [], [], [], 0
    for one, stuck in entries:
        if not stuck:
            continue
        at = by_student.get(one.call.student, [])
        place = bisect_left(at, one.call.since_ms + 1)
        if place == len(at) or at[place] > one.call.since_ms + HORIZON_MS:
            never += 1
            continue
        minutes.append((at[place] - one.eligible_ms) / MINUTE_MS)
        on_list.append((at[place] - one.at_ms) / MINUTE_MS)
        owners.append(one.call.student)
    values = np.array(minutes)
    bounds = interval(owners, lambda rows: float(np.median(values[rows]))) if minutes else None
    return {
        "median": round(float(np.median(values)), 2) if minutes else None,
        "low": bounds[0] if bounds else None,
        "high": bounds[1] if bounds else None,
        "median_on_the_list": round(float(np.median(on_list)), 2) if minutes else None,
        "mean": round(float(values.mean()), 2) if minutes else None,
        "share_earlier": round(float((values > 0).mean()), 4) if minutes else None,
        "n": len(minutes),
        "idle_never_called": never,
        "idle_after_minutes": IDLE_MS // MINUTE_MS,
    }


def _about(log: MarkedLog) -> dict[str, Any]:
    verbs = [mark.verb for marks in log.students.values() for mark in marks]
    return {
        "events": log.events,
        "students": len(log.students),
        "classes": len(log.classes),
        "tries": log.tries,
        "wrong": verbs.count(WRONG),
        "finished_items": verbs.count(DONE) + verbs.count(RIGHT),
        "times_in_whole_minutes": log.is_coarse,
        "left_out": dict(sorted(log.rejected.items())),
    }


def _said(made: dict[str, Any], log: MarkedLog) -> dict[str, Any]:
    """Adds why numbers are missing, and the answer in a sentence; takes numbers away that mean nothing."""
    why, about, found = made["why_not"], made["log"], made["precision_at_3"]
    if not log.events:
        why.append("the log holds no event of a student")
    elif not about["finished_items"] and not about["tries"]:
        why.append("no event tells a try (right, wrong, a score) or a finished item: success is never seen in this log")
    elif not about["tries"]:
        why.append("no answer and no score: of the signs only loops, dwelling and opened questions can be seen")
    if log.is_coarse:
        why.append("times are whole minutes: minutes earlier than the idle rule cannot be shown")
    if not about["finished_items"]:
        for name in ("precision_at_3", "base_rate", "idle_rule_precision_at_3", "precision_at_3_as_shipped", "found"):
            made[name] = None
        made["by_kind"], made["minutes_earlier"], found = {}, None, None
    elif 0 < found["n"] < FEW:
        why.append(f"only {found['n']} entries on held-out students: too few to say anything firm")
    elif not found["n"]:
        why.append("on held-out students nobody was ever listed")
    made["answer"] = _sentence(made, found)
    return made


def _sentence(made: dict[str, Any], found: dict[str, Any] | None) -> str:
    if not found or not found["n"]:
        return f"This log cannot show it: {'; '.join(made['why_not'])}."
    base, earlier = made["base_rate"], made["minutes_earlier"]
    text = f"{found['hits']} of {found['n']} listed were truly stuck ({_per_cent(found)})"
    text += f", picked blindly it would be {_per_cent(base)}" if base["n"] else ""
    if earlier and earlier["n"]:
        text += f"; half of them were called {earlier['median']:g} minutes or more before the idle rule did"
        text += f" (n = {earlier['n']}; it never called {earlier['idle_never_called']} others)"
    return text + (f". But: {'; '.join(made['why_not'])}." if made["why_not"] else ".")


def _per_cent(found: dict[str, Any]) -> str:
    if found["low"] is None:
        return f"{found['value']:.0%}"
    return f"{found['value']:.0%}, 95 %: {found['low']:.0%} to {found['high']:.0%}"
