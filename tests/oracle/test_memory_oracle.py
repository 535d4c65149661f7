"""The oracle of `memory`: its own answers, each written out by hand."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.oracle.forgetting import DAY_MS, fold, retention
from tests.oracle.memory import ExpectedMemory, MemoryRules, expect, recommendation_id
from tests.oracle.reading import Record

QUIZ = "module_quiz_events"
#: Document 004's example.
EXAMPLE = {
    "user_id": "user123",
    "domain": "dsa",
    "module": "dsa-arrays",
    "event_type": "module_quiz_completed",
    "score": 85,
    "time_taken": 420,
    "timestamp": "2025-01-26T10:30:00Z",
}


def ms(moment: str) -> int:
    return round(datetime.fromisoformat(moment).replace(tzinfo=UTC).timestamp() * 1000)


def uid(number: int) -> str:
    return str(uuid.UUID(int=number))


class Log:
    """Topics of one task in the making: every event arrives at the moment at which it happens, or later."""

    def __init__(self, partition: int = 0) -> None:
        self.records: list[Record] = []
        self.partition = partition

    def say(
        self, at: str, topic: str = QUIZ, arrives: str | None = None, number: int | None = None, **body: Any
    ) -> Log:
        number = len(self.records) + 1 if number is None else number
        whole = {"event_id": uid(number), "user_id": "ann", "timestamp": ms(at)} | body
        return self.raw(json.dumps(whole).encode(), ms(arrives or at), topic)

    def quiz(self, at: str, score: Any, module: str | None = "m", **more: Any) -> Log:
        return self.say(at, score=score, module=module, **more)

    def tick(self, at: str, topic: str = QUIZ) -> Log:
        return self.raw(None, ms(at), topic, ms(at))

    def raw(self, value: bytes | None, appended: int, topic: str = QUIZ, tick: int | None = None) -> Log:
        offset = sum(record.topic == topic for record in self.records)
        self.records.append(Record(topic, self.partition, offset, appended, value, b"ann", tick))
        return self

    def expect(self, **rules: Any) -> ExpectedMemory:
        return expect(self.records, MemoryRules(**rules))


def dues(expected: ExpectedMemory) -> list[tuple[int, int | None]]:
    return sorted((key[2], row["reviewed_at"]) for key, row in expected.revision_signal_facts.items())


def test_document_004_s_example_gives_these_rows() -> None:
    log = Log().raw(json.dumps(EXAMPLE).encode(), ms("2025-01-26T10:30:01"))
    expected = log.tick("2025-01-28T20:47:08.570").expect()
    at = ms("2025-01-26T10:30:00")
    name = (
        'module_quiz_events|ann|{"domain":"dsa","event_type":"module_quiz_completed","module":"dsa-arrays",'
        '"score":85,"time_taken":420,"timestamp":"2025-01-26T10:30:00Z","user_id":"user123"}'
    )
    event_id = str(uuid.uuid5(uuid.UUID("b440dc1f-5f72-5fb5-a13b-ff50b0bde5e4"), name))
    assert expected.quiz_attempts == {
        (at, event_id): {
            "user_id": "user123",
            "class_id": None,
            "domain": "dsa",
            "course": None,
            "module": "dsa-arrays",
            "quiz_type": "module",
            "score": 85.0,
            "time_taken_seconds": 420.0,
            "place": 6 << 56,
        }
    }
    # c = 85/70, interval = 2c days = 2.428571…, stability = interval / 0.22314355
    assert expected.memory_reviews == {
        (at, event_id): {
            "user_id": "user123",
            "domain": "dsa",
            "module": "dsa-arrays",
            "score": 85.0,
            "counted": True,
            "model": "ebbinghaus",
            "interval_days": 2.428571,
            "stability": 10.883449,
            "difficulty": None,
            "retention_before": None,
        }
    }
    due = ms("2025-01-28T20:47:08.571")  # 2 days and 37,028.571 s later
    assert expected.memory_state == {
        ("user123", "dsa-arrays"): {
            "domain": "dsa",
            "task": 0,
            "model": "ebbinghaus",
            "last_score": 85.0,
            "last_reviewed_at": at,
            "next_review_at": due,
            "interval_days": 2.428571,
            "stability": 10.883449,
            "decay_factor": 0.09188264,
            "difficulty": None,
            "reviews": 1,
        }
    }
    assert not expected.learning_events
    assert not expected.revision_signal_facts  # one millisecond is missing
    log.tick("2025-01-28T20:47:08.571")
    assert log.expect().revision_signal_facts == {
        ("user123", "dsa-arrays", due): {"reviewed_at": None, "created_at": due}
    }
    assert log.expect().recommendations == {recommendation_id("user123", "dsa-arrays", due)}


def test_punctual_85s_reach_half_a_year_and_no_more() -> None:
    at, found = 0.0, []
    for _ in range(6):
        found.append((round(at), 85.0))
        at = fold("ebbinghaus", found)[-1].due
    assert [round(memory.interval, 2) for memory in fold("ebbinghaus", found)] == [2.43, 5.9, 14.32, 34.79, 84.48, 180]


@pytest.mark.parametrize(
    ("score", "interval"),
    [(100, 20 / 7), (70, 2), (69, 1), (35, 1), (0, 1)],  # a first fail is 1 day x c, and never less than a day
)
def test_the_first_review_multiplies_by_2c_or_shortens(score: float, interval: float) -> None:
    assert fold("ebbinghaus", [(0, score)])[0].interval == pytest.approx(interval)


def test_a_second_review_grows_by_the_share_of_the_interval_that_has_passed() -> None:
    first = fold("ebbinghaus", [(0, 70)])[0]
    assert first.interval == 2
    early, late = (fold("ebbinghaus", [(0, 70), (days * DAY_MS, 84)])[1] for days in (1, 5))
    # c = 1.2: half of the interval has passed: 1 + 1.4 x 0.5 = 1.7; after the due time the whole 2c = 2.4
    assert early.interval == pytest.approx(3.4)
    assert late.interval == pytest.approx(4.8)
    assert early.before == pytest.approx(0.8**0.5)
    assert late.before == pytest.approx(0.8**2.5)
    assert fold("ebbinghaus", [(0, 70), (5 * DAY_MS, 63)])[1].interval == pytest.approx(1.8)


def test_retention_is_as_promised_when_a_review_falls_due() -> None:
    for model, promised in (("ebbinghaus", 0.8), ("fsrs", 0.9)):
        memory = fold(model, [(0, 85)])[0]
        assert retention(model, memory.stability, 0) == 1
        known_until = memory.interval if model == "ebbinghaus" else memory.stability
        assert retention(model, memory.stability, known_until) == pytest.approx(promised)


def test_fsrs_starts_with_the_stability_of_its_rating_and_falls_due_after_whole_days() -> None:
    firsts = {score: fold("fsrs", [(0, score)])[0] for score in (69.9, 70, 79.9, 80, 89.9, 90)}
    assert {score: memory.stability for score, memory in firsts.items()} == {
        69.9: 0.212,
        70: 1.2931,
        79.9: 1.2931,
        80: 2.3065,
        89.9: 2.3065,
        90: 8.2956,
    }
    assert [memory.due / DAY_MS for memory in firsts.values()] == [1, 1, 1, 2, 2, 8]
    assert {memory.decay for memory in firsts.values()} == {0.1542}


def test_five_attempts_in_one_sitting_count_once() -> None:
    log = Log()
    for minute in range(5):
        log.quiz(f"2025-01-26T10:3{minute}:00", 85)
    expected = log.expect()
    assert len(expected.quiz_attempts) == 5
    assert [row["counted"] for _, row in sorted(expected.memory_reviews.items())] == [True] + [False] * 4
    later = expected.memory_reviews[ms("2025-01-26T10:31:00"), uid(2)]
    assert {later[name] for name in ("interval_days", "stability", "difficulty", "retention_before")} == {None}
    assert later["model"] == "ebbinghaus"
    state = expected.memory_state["ann", "m"]
    assert (state["reviews"], state["interval_days"]) == (1, 2.428571)


def test_days_are_local() -> None:
    log = Log().quiz("2025-01-26T22:30:00", 85).quiz("2025-01-26T23:30:00", 90)
    assert log.expect().memory_state["ann", "m"]["reviews"] == 1
    assert log.expect(timezone="Europe/Berlin").memory_state["ann", "m"]["reviews"] == 2


def test_an_earlier_attempt_of_the_day_that_comes_late_takes_the_place_of_the_counted_one() -> None:
    log = Log().quiz("2025-01-26T12:00:00", 85).quiz("2025-01-26T10:00:00", 40, arrives="2025-03-01T10:00:00")
    expected = log.expect()
    assert {at: row["counted"] for (at, _), row in expected.memory_reviews.items()} == {
        ms("2025-01-26T12:00:00"): False,
        ms("2025-01-26T10:00:00"): True,
    }
    state = expected.memory_state["ann", "m"]
    assert (state["last_score"], state["last_reviewed_at"]) == (40, ms("2025-01-26T10:00:00"))
    assert state["next_review_at"] == ms("2025-01-27T10:00:00")


def test_equal_times_are_decided_by_the_log() -> None:
    log = Log().quiz("2025-01-26T12:00:00", 85, number=9).quiz("2025-01-26T12:00:00", 40, number=3)
    assert log.expect().memory_state["ann", "m"]["last_score"] == 85


def test_a_signal_stands_iff_it_was_due_before_the_next_review_and_the_watermark_has_passed_it() -> None:
    log = Log().quiz("2025-01-01T10:00:00", 70)  # due on the 3rd at 10
    log.quiz("2025-01-03T10:00:00", 70)  # punctual to the millisecond: no signal; interval 4, due on the 7th
    log.quiz("2025-01-08T10:00:00", 35)  # a signal, reviewed; interval 4 x 0.5 = 2, due on the 10th
    log.tick("2025-01-10T09:59:59.999")
    seventh, tenth = ms("2025-01-07T10:00:00"), ms("2025-01-10T10:00:00")
    assert dues(log.expect()) == [(seventh, ms("2025-01-08T10:00:00"))]
    log.tick("2025-01-10T10:00:00")
    assert dues(log.expect()) == [(seventh, ms("2025-01-08T10:00:00")), (tenth, None)]


def test_the_lowest_watermark_of_a_task_s_topics_decides_and_a_topic_without_records_is_left_out() -> None:
    log = Log().quiz("2025-01-01T10:00:00", 70).tick("2025-01-03T10:00:00")
    assert len(dues(log.expect())) == 1
    log.say("2025-01-03T09:59:59", "user_login_events")
    assert not dues(log.expect())
    log.tick("2025-01-03T10:00:00", "user_login_events").raw(b"{", ms("2025-01-05T10:00:00"), "clickstream_events")
    assert len(dues(log.expect())) == 1


def test_a_clock_that_runs_ahead_makes_nothing_due() -> None:
    log = Log().quiz("2025-01-01T10:00:00", 70)
    log.say("2025-01-03T10:02:00", "module_quiz_events", arrives="2025-01-03T09:59:00", score=-1)
    assert not dues(log.expect())
    assert log.expect().unscored == 1


def test_a_late_review_rewrites_the_signals_of_its_pair() -> None:
    log = Log().quiz("2025-01-01T10:00:00", 70).quiz("2025-01-04T10:00:00", 70).tick("2025-02-01T00:00:00")
    assert dues(log.expect()) == [
        (ms("2025-01-03T10:00:00"), ms("2025-01-04T10:00:00")),
        (ms("2025-01-08T10:00:00"), None),
    ]
    log.quiz("2025-01-02T10:00:00", 70, arrives="2025-02-01T00:00:00")  # half of 2 days: 3 days, due on the 5th
    # the review of the 4th: 2 of 3 days have passed, 3 x (1 + 2/3) = 5 days
    assert dues(log.expect()) == [(ms("2025-01-09T10:00:00"), None)]


def test_a_repeat_adds_nothing_and_of_two_tellings_the_lowest_offset_is_kept() -> None:
    log = Log().quiz("2025-01-26T12:00:00", 85, number=7).quiz("2025-01-26T12:00:00", 40, number=7)
    log.quiz("2025-01-26T12:00:00", 85, number=7)
    expected = log.expect()
    assert [row["score"] for row in expected.quiz_attempts.values()] == [85]
    assert [row["score"] for row in expected.memory_reviews.values()] == [85]


def test_of_two_topics_the_first_of_the_contract_is_kept() -> None:
    log = Log().say("2025-01-26T12:00:00", "module_quiz_events", number=7, score=40, module="m")
    log.say("2025-01-26T12:00:00", "diagnostic_quiz_events", number=7, score=85, module="m")
    assert [(row["score"], row["quiz_type"]) for row in log.expect().quiz_attempts.values()] == [(85, "diagnostic")]


@pytest.mark.parametrize(
    ("score", "unscored"), [(None, 1), (-0.1, 1), (100.1, 1), (True, 0), ([85], 0), ({"raw": 85}, 0)]
)
def test_without_a_valid_score_there_is_no_attempt(score: Any, unscored: int) -> None:
    expected = Log().quiz("2025-01-26T12:00:00", score).expect()
    assert not expected.quiz_attempts
    assert not expected.memory_state
    assert expected.unscored == unscored  # what is no number at all is rejected before


def test_a_score_as_text_is_the_score() -> None:
    expected = Log().quiz("2025-01-26T12:00:00", "85").expect()
    assert [row["score"] for row in expected.quiz_attempts.values()] == [85]


def test_an_attempt_without_a_module_is_stored_and_no_review() -> None:
    expected = Log().say("2025-01-26T12:00:00", "diagnostic_quiz_events", score=0, domain="dsa").expect()
    assert [row["quiz_type"] for row in expected.quiz_attempts.values()] == ["diagnostic"]
    assert not expected.memory_reviews


@pytest.mark.parametrize(
    ("body", "row"),
    [
        (
            {"metadata": {"score": 60, "module": "m", "domain": "d", "time_taken": 9, "duration": 8}, "course_id": "c"},
            {"module": "m", "domain": "d", "time_taken_seconds": 9, "course": "c", "quiz_type": "module"},
        ),
        (
            {
                "metadata": {"score": 60, "duration": 8, "quiz_type": "diagnostic"},
                "assessment_id": "a",
                "class_id": "7B",
            },
            {"module": "a", "time_taken_seconds": 8, "course": None, "quiz_type": "diagnostic", "class_id": "7B"},
        ),
        ({"metadata": {"score": 60, "quiz_type": "final"}}, {"module": None, "quiz_type": "module"}),
    ],
)
def test_a_quiz_of_the_clickstream_counts_too(body: dict[str, Any], row: dict[str, Any]) -> None:
    log = Log().say("2025-01-26T12:00:00", "clickstream_events", event_name="quiz_submit", **body)
    (found,) = log.expect().quiz_attempts.values()
    assert found | row == found
    assert bool(log.expect().memory_state) == (row["module"] is not None)


def test_other_clickstream_events_and_staff_move_the_watermark_and_count_nowhere() -> None:
    log = Log().say("2025-01-26T12:00:00", "clickstream_events", event_name="quiz_start", metadata={"score": 60})
    log.quiz("2025-01-26T12:01:00", 85, role="teacher").say("2025-01-26T12:02:00", "user_login_events", role="teacher")
    expected = log.expect()
    assert not expected.quiz_attempts
    assert not expected.learning_events
    assert expected.unscored == 0
    assert expected.lows == {0: ms("2025-01-26T12:00:00")}


@pytest.mark.parametrize(
    ("topic", "body", "kind"),
    [
        ("user_login_events", {}, "login"),
        ("learning_domain_selection_events", {"domain": "dsa"}, "domain_selected"),
        ("module_completion_events", {"module": "m"}, "module_completed"),
        ("module_completion_events", {"event_type": "module_started", "module": "m"}, "module_started"),
        ("module_completion_events", {"event_type": "Module finished"}, "module_completed"),
    ],
)
def test_what_else_is_learnt_is_a_fact_of_its_kind(topic: str, body: dict[str, Any], kind: str) -> None:
    rank = ["user_login_events", "learning_domain_selection_events", "", "", "module_completion_events"].index(topic)
    expected = Log().say("2025-01-26T12:00:00", topic, course="c", class_id="7B", **body).expect()
    assert expected.learning_events == {
        (ms("2025-01-26T12:00:00"), uid(1)): {
            "user_id": "ann",
            "kind": kind,
            "place": rank + 3 << 56,
            "domain": body.get("domain"),
            "course": "c",
            "module": body.get("module"),
            "class_id": "7B",
        }
    }


def test_a_learning_event_without_a_time_happened_when_it_came() -> None:
    body = json.dumps({"user_id": "ann", "score": 85, "module": "m"}).encode()
    expected = Log().raw(body, ms("2025-01-26T12:00:00")).expect()
    assert [at for at, _ in expected.quiz_attempts] == [ms("2025-01-26T12:00:00")]


def test_the_domain_is_that_of_the_last_counted_review_that_carries_one_and_chooses_the_model() -> None:
    log = Log().quiz("2025-01-26T10:00:00", 85, domain="dsa").quiz("2025-01-27T10:00:00", 85, domain="maths")
    log.quiz("2025-01-27T11:00:00", 85, domain="art").quiz("2025-01-28T11:00:00", 85)
    expected = log.expect(models_by_domain={"maths": "fsrs"})
    state = expected.memory_state["ann", "m"]
    assert (state["domain"], state["model"], state["decay_factor"]) == ("maths", "fsrs", 0.1542)
    assert {row["model"] for row in expected.memory_reviews.values()} == {"fsrs"}
    assert [row["domain"] for _, row in sorted(expected.memory_reviews.items())] == ["dsa", "maths", "art", None]


def test_a_pair_belongs_to_its_task() -> None:
    one, two = Log(0).quiz("2025-01-01T10:00:00", 70), Log(3)
    two.say("2025-01-01T10:00:00", number=50, user_id="ben", module="m", score=70).tick("2025-01-09T00:00:00")
    expected = expect(one.records + two.records)
    assert {user: row["task"] for (user, _), row in expected.memory_state.items()} == {"ann": 0, "ben": 3}
    assert [user for user, _, _ in expected.revision_signal_facts] == ["ben"]


def test_fsrs_on_one_day_apart_reviews_is_the_package_s_own() -> None:
    log = Log().quiz("2025-01-26T22:00:00", 60).quiz("2025-01-27T08:00:00", 95).quiz("2025-02-10T08:00:00", 85)
    reviews = log.expect(model="fsrs").memory_reviews
    found = [row for _, row in sorted(reviews.items())]
    assert [row["interval_days"] for row in found] == [float(round(max(1.0, row["stability"]))) for row in found]
    assert found[1]["retention_before"] == round(retention("fsrs", 0.212, timedelta(hours=10) / timedelta(days=1)), 4)
