"""What is too old for a live topic is refused; a replayed log and the archive may be of any age."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from dataflows.batch import Records
from dataflows.events.coded import decode_coded
from dataflows.events.full import decode_full
from dataflows.events.learning import decode_learning
from dataflows.events.rules import Rules
from dataflows.events.studied import decode_studied
from dataflows.settings import Settings
from tests.dataflows.events.batches import NOW_MS, event, records

pytestmark = pytest.mark.usefixtures("reader")

DAY_MS = 86_400_000
RULES = Rules.of(Settings(_env_file=None))
DECODERS = {"live": decode_coded, "archive": decode_full, "content": decode_studied}


def aged(*days: float, spelling: str = "plain") -> Records:
    """Events of so many days ago, in the spelling of the fast path or of the judge."""
    more = {} if spelling == "plain" else {"context": {"class_id": "7B"}}
    return records(*(event(timestamp=round(NOW_MS - age * DAY_MS), **more) for age in days))


@pytest.mark.parametrize("spelling", ["plain", "judged"])
@pytest.mark.parametrize("decode", DECODERS.values(), ids=DECODERS)
def test_thirty_five_days_is_the_limit_of_a_live_topic(decode: object, spelling: str) -> None:
    decoded = decode(aged(0, 34.99, 35, 35.01, 3000, spelling=spelling), RULES)  # type: ignore[operator]
    assert [reject.reason for reject in decoded.rejects] == ["too_old", "too_old"]
    assert [reject.offset for reject in decoded.rejects] == [103, 104]
    assert decoded.frame["offset"].to_list() == [100, 101, 102]
    assert "3000 days behind its append time" in decoded.rejects[1].detail


@pytest.mark.parametrize("decode", DECODERS.values(), ids=DECODERS)
def test_a_replayed_record_may_be_of_any_age_and_only_it(decode: object) -> None:
    batch = replace(aged(3000, 3000, 0), replayed=[True, False, False])
    decoded = decode(batch, RULES)  # type: ignore[operator]
    assert [(reject.reason, reject.offset) for reject in decoded.rejects] == [("too_old", 101)]


def test_what_the_archive_took_is_taken_again_whatever_its_age() -> None:
    assert decode_full(replace(aged(3000), accepted=True), RULES).rejects == []


def test_the_setting_moves_the_limit_and_none_means_none() -> None:
    shorter = Rules.of(Settings(_env_file=None, max_age_days=2))
    assert len(decode_full(aged(1, 3), shorter).rejects) == 1
    assert decode_full(aged(3000), Rules.of(Settings(_env_file=None, max_age_days=0))).rejects == []


@pytest.mark.parametrize("replayed", [[], [True]])
def test_learning_events_are_judged_alike(replayed: list[bool]) -> None:
    value = json.dumps({"user_id": "u", "module": "m", "score": 85, "timestamp": NOW_MS - 36 * DAY_MS}).encode()
    batch = Records("module_quiz_events", 0, [7], [NOW_MS], [None], [value], replayed=replayed)
    assert [reject.reason for reject in decode_learning(batch, RULES).rejects] == ["too_old"] * (not replayed)
