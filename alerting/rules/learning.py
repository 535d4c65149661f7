"""What is forgotten, and what was not understood."""

from __future__ import annotations

from typing import Final

from alerting.rules.rule import Rule

_DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_CROSSES: Final = "".join(
    f"{{{{ if eq $values.crosses.Value {number}.0 }}}} will cross by {day}{{{{ end }}}}"
    for number, day in enumerate(_DAYS, 1)
)

FORGETTING: Final = Rule(
    name="forgetting_risk",
    title="A class is forgetting a module",
    when="of a module reviewed in the last 6 weeks or assessed in the next 3, more than 50 % of the students with a "
    "curve, 10 at least, are at high urgency, or will be within three days",
    severity="digest",
    summary="[class_id]: *[module]* is being forgotten by [high] of [curves]"
    "{{ if gt $values.crosses.Value 0.0 }};" + _CROSSES + "{{ end }}",
    description="[high] of the [curves] students with a curve are past twice their interval; [enrolled] are enrolled. "
    "A short quiz would bring it back. Data as of [as_of].",
    numbers=("high", "curves", "enrolled", "crosses"),
    reasons=("It was revised.", "The term is over."),
    ids=("class_id", "module"),
    every_s=1800,
    keep_s=3600,
    repeat="14d",
    board="memory",
    panel="Classes and modules at risk",
)

QUIZ: Final = Rule(
    name="quiz_failure",
    title="Many fail a quiz",
    when="more than 40 % of the students, 5 of 10 at least, failed their first attempt within 7 days",
    severity="digest",
    summary="[class_id]: [failed] of [students] failed *[module]* at first",
    description="[failed] of [students] stayed below the pass mark of [mark] at their first attempt of the last "
    "seven days. Data as of [as_of].",
    numbers=("failed", "students", "mark"),
    reasons=("It is a week ago, or enough have passed.",),
    ids=("class_id", "module"),
    every_s=300,
    keep_s=86400,
    repeat="28d",
    board="memory",
    panel="Failed in the last seven days",
)

DUE: Final = Rule(
    name="due_tomorrow",
    title="Due tomorrow and not handed in",
    when="an assignment or quiz of the class falls due on the next day, and someone has not handed it in",
    severity="digest",
    summary="[class_id]: [missing] of [enrolled] have not handed in *[item_id]*, due tomorrow",
    description="Course [course_id]. Data as of [as_of].",
    numbers=("missing", "enrolled"),
    reasons=("All handed it in, or it is due.",),
    ids=("class_id", "course_id", "item_id"),
    every_s=900,
    repeat="20h",
    board="overview",
    panel="How assessments went",
)
