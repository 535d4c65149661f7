"""A rule that goes out at once has a backtest of it as it is now, within its budget."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from alerting.backtest import ledger
from alerting.backtest.ledger import HISTORIES, Result, fingerprint, unproven
from alerting.limits import Limits
from alerting.rules import RULES
from tests.alerting.lessons import BY_NAME

ROOT = Path(__file__).parents[3]
IDLE = BY_NAME["idle_share"]
GOOD = [
    Result("idle_share", history, fingerprint(IDLE), 9, 2, 3, a_lesson=(1, 0, 0.3), a_week=(5, 0, 1.5))
    for history in HISTORIES
]


def test_every_rule_that_goes_out_at_once_was_tried_as_it_is_now_and_kept_its_budget() -> None:
    assert unproven(RULES, ledger.read()) == []


def test_the_docs_show_what_was_kept() -> None:
    text = (ROOT / "docs/backtests.md").read_text(encoding="utf-8")
    assert ledger.documented(text, ledger.read()) == text


def test_a_rule_needs_a_result_over_each_history() -> None:
    assert unproven([IDLE], GOOD) == []
    assert unproven([IDLE], GOOD[:1]) == [
        f"idle_share: no backtest over {HISTORIES[1]} as it is now: run `make bench-alerts`"
    ]


def test_a_sixth_message_a_week_or_a_second_in_a_lesson_is_beyond_it() -> None:
    week, lesson = replace(GOOD[0], a_week=(6, 0, 1.5)), replace(GOOD[0], a_lesson=(2, 0, 0.3))
    for result in (week, lesson):
        [why] = unproven([IDLE], [result, GOOD[1]])
        assert "beyond its budget" in why


def test_a_changed_rule_needs_a_new_result_and_a_digest_none() -> None:
    changed = replace(IDLE, for_s=IDLE.for_s + 60)
    assert fingerprint(changed) != fingerprint(IDLE)
    assert len(unproven([changed], GOOD)) == len(HISTORIES)
    assert unproven([replace(changed, severity="digest")], []) == []


def test_another_limit_is_a_change_and_other_words_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    before = fingerprint(IDLE)
    monkeypatch.setattr(ledger, "Limits", lambda **_: Limits(_env_file=None, idle_share_high=0.4))
    assert fingerprint(IDLE) != before
    monkeypatch.setattr(ledger, "Limits", lambda **_: Limits(_env_file=None, chapter_low_share=0.4))
    assert fingerprint(IDLE) == before
    assert fingerprint(replace(IDLE, summary="[class]", title="Idle")) == fingerprint(IDLE)


def test_results_are_read_as_they_were_written(tmp_path: Path) -> None:
    results = [replace(GOOD[0], right=2, wrong={"talk": 1}, happened=3, found=2), GOOD[1]]
    ledger.write(results, tmp_path / "results.json")
    assert ledger.read(tmp_path / "results.json") == results
    row = (
        "| `idle_share` | simulated, 9 lessons, 2 teachers | 3 | 1, 0, 0.300 | 5, 0, 1.500 | 2 of 3, talk 1 | 2 of 3 |"
    )
    assert row in ledger.table(results)
