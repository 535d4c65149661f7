"""The load: what the measurements publish is what they say."""

from __future__ import annotations

import json

from bench.batches import batches
from bench.load import DELAY_MS, Stamps, templates
from dataflows.events.coded import decode_coded

NOW_MS = 1_760_000_000_000


def test_every_event_is_accepted_and_about_300_bytes_long() -> None:
    (batch,) = batches(4000, per_s=2000, batch_records=4000, flush_every=1)
    coded = decode_coded(batch.records[0])
    assert not coded.rejects
    assert len(coded.frame) == 4000
    assert 280 < sum(len(v or b"") for v in batch.records[0].values) / 4000 < 330


def test_the_key_is_the_student_and_times_lie_within_the_delay() -> None:
    stamps = Stamps(templates(students=50, count=200), seed=1)
    for _ in range(500):
        key, value = stamps.next(NOW_MS)
        event = json.loads(value)
        assert event["student_id"].encode() == key
        assert NOW_MS - DELAY_MS < event["timestamp"] <= NOW_MS


def test_ids_differ_but_for_the_repeats_that_are_counted() -> None:
    stamps = Stamps(templates(students=50, count=200), seed=1)
    ids = [json.loads(stamps.next(NOW_MS)[1])["event_id"] for _ in range(5000)]
    assert len(set(ids)) == 5000 - stamps.repeats
    assert 20 < stamps.repeats < 100
