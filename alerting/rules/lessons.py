"""What happens in a running lesson."""

from __future__ import annotations

from typing import Final

from alerting.rules.rule import Rule

OVER: Final = (
    "They came back.",
    "They left, or the lesson is over.",
    "Many classes fell at once: the operators were told.",
)

DROP: Final = Rule(
    name="active_students_drop",
    title="Active students drop",
    when="inside a lesson (not in its first or last 5 min) at most half as many students are active as within the "
    "last 10 min, 5 fewer at least, of 8 at least; and, where two of the last four weeks know that lesson, likewise "
    "against what is usual",
    severity="push",
    summary="[class_id], period [period]: only [active] of [before] still active",
    description="[active] students are active; [before] were within the last ten minutes"
    "{{ if ge $values.usual.Value 0.0 }} (usual at this time: [usual]){{ end }}. [present] of [enrolled] are present. "
    "Data as of [as_of].",
    numbers=("active", "before", "usual", "present", "enrolled", "period"),
    reasons=OVER,
    for_s=180,
    panel="Active in the last 10 minutes",
)

IDLE: Final = Rule(
    name="idle_share",
    title="Many are idle",
    when="more than 30 % of those present are idle, of 8 present at least; inside a lesson where the class has a "
    "timetable",
    severity="push",
    summary="[class_id]{{ if gt $values.period.Value 0.0 }}, period [period]{{ end }}: "
    "[idle] of [present] present inactive",
    description="[idle] of the [present] students present have done nothing for five minutes; [enrolled] are enrolled. "
    "Data as of [as_of].",
    numbers=("idle", "present", "enrolled", "period"),
    reasons=OVER[:2],
    for_s=300,
    panel="Idle share",
)

MANY: Final = Rule(
    name="many_classes_drop",
    title="Many classes drop together",
    when="30 % of the running lessons, 3 at least, lose half of their active students at once: the tracker broke, "
    "not the lessons. The teachers' own alerts are held",
    severity="push",
    summary="[dropped] of [running] running classes lost their students at once",
    description="That many lessons do not empty in the same minutes: look at the tracker, the network and the platform "
    "first. Teachers are not told. Data as of [as_of].",
    numbers=("dropped", "running"),
    reasons=("The classes are back.", "The lessons are over."),
    ids=("school",),
    audience="operators",
    panel="Classes",
)
