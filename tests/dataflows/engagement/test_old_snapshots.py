"""A snapshot of a worker of before goes on as one of today's."""

from __future__ import annotations

import pickle

import numpy as np

from dataflows.engagement.activity import Activity, ActivityState
from dataflows.operators import packing, snapshot

_RNG = np.random.default_rng(14)


def test_members_that_were_kept_by_window_are_kept_by_student_from_now_on() -> None:
    student, scope, minute = (_RNG.integers(0, most, 500) for most in (2**32, 2**21 - 64, 3))
    minute += 13_000_000
    now = Activity(0, 5, 120_000).state()
    before = object.__new__(ActivityState)
    before.scopes, before.table = now.scopes, now.table
    before.present = np.sort(packing.window_scope_student(minute, scope, student))
    before.trailing = np.sort(packing.wide(scope << packing.STUDENT_BITS | student, minute))
    activity = Activity(0, 5, 120_000)
    activity.restore(snapshot.loads(pickle.dumps(before, protocol=5)))
    members = np.sort(packing.student_scope_minute(student, scope, minute))
    assert activity.state().present.tolist() == activity.state().trailing.tolist() == members.tolist()
    again = Activity(0, 5, 120_000)
    again.restore(snapshot.loads(snapshot.dumps(activity.state())))
    assert again.state().present.tolist() == members.tolist()
