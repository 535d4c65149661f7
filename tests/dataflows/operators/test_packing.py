"""No key wraps: every part at its edge comes out as it went in, and keys sort as their parts do."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataflows.events.rules import EARLIEST_MS, LATEST_MS
from dataflows.operators import packing
from dataflows.operators.admission import Admission
from dataflows.operators.segments import Ints

EDGES = (0, 1, (1 << 20) - 1, 1 << 20, (1 << 21) - 1, 1 << 21, (1 << 32) - 1)
students = st.sampled_from(EDGES) | st.integers(0, (1 << 32) - 1)
instants = st.sampled_from((EARLIEST_MS, LATEST_MS - 1)) | st.integers(EARLIEST_MS, LATEST_MS - 1)
scopes = st.sampled_from((0, (1 << 18) - 1, 1 << 18, (1 << 21) - 1))


def one(value: int) -> Ints:
    return np.array([value], np.int64)


@given(students, instants, st.integers(0, 3))
def test_moments_come_out_as_they_went_in(student: int, at: int, rank: int) -> None:
    key = packing.moment(one(student), one(at), rank)
    parts = (packing.moment_student, packing.moment_ms, packing.moment_rank, packing.moment_minute)
    assert [part(key).item() for part in parts] == [student, at, rank, packing.minute_of(one(at)).item()]


@given(students, instants, scopes)
def test_windows_and_pairs_come_out_as_they_went_in(student: int, at: int, scope: int) -> None:
    minute = packing.minute_of(one(at))
    in_window = packing.window_scope_student(minute, one(scope), one(student))
    window = packing.first_word(in_window)
    assert (packing.window_of(window).item(), packing.scope_in(window).item()) == (minute.item(), scope)
    assert packing.second_word(in_window) == student
    pair = packing.student_scope_minute(one(student), one(scope), minute)
    found = (packing.pair_scope(pair), packing.pair_student(pair), packing.second_word(pair))
    assert [part.item() for part in found] == [scope, student, minute.item()]
    by_minute = packing.student_minute(one(student), minute)
    assert (packing.student_of(by_minute).item(), packing.minute_in(by_minute).item()) == (student, minute.item())


@given(st.lists(st.tuples(students, instants, st.integers(0, 3)), max_size=30))
def test_wide_keys_sort_search_and_differ_as_their_parts_do(parts: list[tuple[int, int, int]]) -> None:
    rows = np.array(parts, np.int64).reshape(-1, 3)
    keys = packing.moment(*rows.T)
    ordered = np.sort(keys, kind="stable")
    words = (packing.moment_student, packing.moment_ms, packing.moment_rank)
    found = list(zip(*(word(ordered).tolist() for word in words), strict=True))
    assert found == sorted(parts)
    assert (ordered[np.searchsorted(ordered, keys)] == keys).all()
    assert len(np.unique(keys)) == len(set(parts))


@pytest.mark.parametrize("seed", range(30))
def test_the_first_of_the_log_are_admitted_whatever_the_batches(seed: int) -> None:
    rng = random.Random(seed)
    log = [(rng.choice("ab"), rng.randrange(3), rng.randrange(12)) for _ in range(200)]
    found: list[list[bool]] = []
    for sizes in ((200,), (1,), (3, 17, 50)):
        admission, reported, read = Admission(4), [], 0
        while read < len(log):
            piece = log[read : read + rng.choice(sizes)]
            read += len(piece)
            mask = np.zeros(len(piece), np.bool_)
            for topic in "ab":
                rows = [n for n, row in enumerate(piece) if row[0] == topic]
                order = rng.sample(rows, len(rows))  # rows may come in any order: `at` tells the log's
                group, member = (np.array([piece[n][part] for n in order], np.int64) for part in (1, 2))
                mask[order] = admission.admit(topic, group, member, np.array(order, np.int64))
            reported += mask.tolist()
        found.append(reported)
    plain, seen = [], dict[tuple[str, int], list[int]]()
    for topic, number, who in log:
        held = seen.setdefault((topic, number), [])
        if who not in held and len(held) < 4:
            held.append(who)
        plain.append(who in held)
    assert found == [plain] * 3
