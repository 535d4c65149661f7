"""What would have been sent of known calls: grouped, repeated, and held at quiet times."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from alerting.backtest.budget import Roster, Spread, budget
from alerting.backtest.messages import Message, messages
from alerting.backtest.muted import is_muted
from alerting.backtest.queries import Call
from alerting.backtest.routes import route_of
from alerting.delivery.files import policy_file, times_file
from alerting.rules import RULES
from alerting.times import Times
from tests.alerting.lessons import BY_NAME

TIMES: Final = Times(_env_file=None)
[POLICY] = policy_file(TIMES)["policies"]
MUTES: Final = {mute["name"]: mute["time_intervals"] for mute in times_file(TIMES)["muteTimes"]}
MONDAY: Final = date(2026, 3, 2)
END: Final = datetime(2026, 4, 1, tzinfo=UTC)


def at(clock: str, day: date = MONDAY) -> datetime:
    return datetime.combine(day, time.fromisoformat(clock), UTC)


def call(class_id: str, since: str, until: str | None, day: date = MONDAY, *more: str) -> Call:
    return Call((class_id, *more), at(since, day), None if until is None else at(until, day), {})


def sent(*calls: tuple[str, Call], until: datetime = END) -> list[tuple[str, str, str]]:
    found = messages([(BY_NAME[name], one) for name, one in calls], POLICY, MUTES, until)
    return [(f"{m.at:%a %H:%M:%S}", m.class_id, m.what) for m in found]


def test_a_call_is_told_after_ten_seconds_and_its_end_at_the_next_look_a_lesson_later() -> None:
    assert sent(("idle_share", call("7B", "10:00", "10:05"))) == [
        ("Mon 10:00:10", "7B", "fires"),
        ("Mon 10:45:10", "7B", "over"),
    ]


def test_what_comes_back_before_its_end_was_told_is_not_told_again() -> None:
    twice = [("idle_share", call("7B", "10:00", "10:05")), ("idle_share", call("7B", "10:20", "10:50"))]
    assert sent(*twice) == [("Mon 10:00:10", "7B", "fires"), ("Mon 11:30:10", "7B", "over")]


def test_what_comes_back_afterwards_is_told_at_once() -> None:
    twice = [("idle_share", call("7B", "10:00", "10:05")), ("idle_share", call("7B", "10:46", "10:50"))]
    assert sent(*twice)[1:3] == [("Mon 10:45:10", "7B", "over"), ("Mon 10:46:10", "7B", "fires")]


def test_what_still_fires_is_told_again_after_four_hours() -> None:
    assert sent(("idle_share", call("7B", "10:00", "14:40"))) == [
        ("Mon 10:00:10", "7B", "fires"),
        ("Mon 14:30:10", "7B", "again"),
        ("Mon 15:15:10", "7B", "over"),
    ]


def test_two_rules_of_one_class_share_its_messages_and_classes_do_not() -> None:
    found = sent(
        ("active_students_drop", call("7B", "10:00", "10:20")),
        ("idle_share", call("7B", "10:01", "10:50")),
        ("idle_share", call("7C", "10:01", "10:20")),
    )
    assert found == [
        ("Mon 10:00:10", "7B", "fires"),
        ("Mon 10:01:10", "7C", "fires"),
        ("Mon 10:45:10", "7B", "fires"),
        ("Mon 10:46:10", "7C", "over"),
        ("Mon 11:30:10", "7B", "over"),
    ]


def test_nobody_is_told_at_night_but_what_still_fires_in_the_morning_is() -> None:
    over = Call(("7B",), at("21:00"), at("23:00"), {})
    lasting = Call(("7C",), at("21:00"), at("08:00", MONDAY + timedelta(days=1)), {})
    found = sent(("idle_share", over), ("idle_share", lasting))
    assert found == [("Tue 06:45:10", "7C", "fires"), ("Tue 08:15:10", "7C", "over")]


def test_a_digest_waits_for_its_half_hour_and_for_the_weekend_to_be_over() -> None:
    module = Call(("7B", "fractions"), at("10:00", MONDAY + timedelta(days=4)), None, {})
    saturday = Call(("7C", "fractions"), at("10:00", MONDAY + timedelta(days=5)), None, {})
    found = sent(("quiz_failure", module), ("quiz_failure", saturday), until=at("20:00", MONDAY + timedelta(days=8)))
    assert [(when[:9], class_id, what) for when, class_id, what in found] == [
        ("Fri 15:30", "7B", "fires"),
        ("Mon 15:30", "7C", "fires"),
    ]


def test_operators_are_told_at_night_too() -> None:
    [first, *_] = sent(("many_classes_drop", Call(("all",), at("23:00"), at("23:30"), {})))
    assert first == ("Mon 23:00:10", "", "fires")


def test_every_rule_falls_under_a_policy_of_its_audience() -> None:
    for rule in RULES:
        labels = {"severity": rule.severity, "audience": rule.audience, "rule": rule.name}
        route = route_of(labels, POLICY)
        assert route.receiver == f"classpulse-{rule.audience}", rule.name
        assert bool(route.mutes) == (rule.audience == "teachers"), rule.name


def test_quiet_times_are_read_as_alertmanager_reads_them() -> None:
    new_year: dict[str, Any] = {"months": ["december"], "days_of_month": ["23:31"], "location": "Europe/Berlin"}
    assert is_muted([new_year], datetime(2026, 12, 22, 23, 30, tzinfo=UTC))
    assert not is_muted([new_year], datetime(2026, 12, 22, 22, 30, tzinfo=UTC))
    assert not is_muted([{"years": ["1970"]}], at("10:00"))
    assert is_muted(
        [{"weekdays": ["monday:friday"], "times": [{"start_time": "09:00", "end_time": "24:00"}]}], at("23:59")
    )
    assert not is_muted([{"weekdays": ["saturday", "sunday"]}], at("10:00"))


ROSTER: Final = Roster(
    ZoneInfo("Europe/Berlin"),
    {("7B", 1): [(time(9), time(9, 45)), (time(10), time(10, 45))], ("7C", 1): [(time(9), time(9, 45))]},
    [(MONDAY, MONDAY + timedelta(days=20))],
    {"7B": ["ada", "ben"], "7C": ["ada"]},
)


def reported(class_id: str, clock: str, weeks: int = 0, what: Any = "fires") -> Message:
    return Message(at(clock, MONDAY + timedelta(weeks=weeks)), "teachers", class_id, what, ())


def test_messages_are_counted_a_class_and_lesson_and_a_teacher_and_week() -> None:
    messages = [
        reported("7B", "08:05"),
        reported("7B", "08:30"),
        reported("7B", "08:40", what="over"),
        reported("7C", "08:10"),
        reported("7B", "08:50"),
    ]
    messages += [reported("7B", "09:10", weeks=1)]
    found = budget(messages, ROSTER, at("00:00"), at("23:00", MONDAY + timedelta(days=27)))
    # three weeks of term with three lessons each; the week after it has none
    assert (found.messages, found.over, found.lessons, found.outside) == (5, 1, 9, 1)
    assert found.a_lesson == Spread(2, 2, round(4 / 9, 4))
    # ada: 4 and 1, ben: 3 and 1, in four weeks
    assert found.a_week == Spread(4, 4, round(9 / 8, 4))
    assert not found.is_kept


def test_a_class_without_staff_counts_as_having_one_teacher() -> None:
    found = budget([reported("8A", "08:05")] * 6, ROSTER, at("00:00"), at("23:00"))
    assert (found.teachers, found.a_week.most) == (3, 6)
