"""What of a course is not worked on: what falls due, and chapters that few read or that take too long."""

from __future__ import annotations

from typing import Final

from alerting.rules.rule import Rule

DUE: Final = Rule(
    name="due_tomorrow",
    title="Due tomorrow and not handed in",
    when="an assignment or quiz of the class falls due on the next day, and someone has not handed it in",
    severity="digest",
    summary="[class]: [missing] of [enrolled] have not handed in *[item]*, due tomorrow",
    description="Course [course_id]. Data as of [as_of].",
    numbers=("missing", "enrolled"),
    texts=("class", "item"),
    reasons=("All handed it in, or it is due.",),
    about="[class], *[item]*",
    ids=("class_id", "course_id", "item_id"),
    every_s=900,
    repeat="20h",
    board="overview",
    panel="How assessments went",
)

ENGAGEMENT: Final = Rule(
    name="chapter_engagement",
    title="Few work on a chapter",
    when="of a chapter that has been open for 7 days and not for 14, fewer than 30 % of the class's students, of 10 at "
    "least, have scrolled half, completed it or spent a quarter of its expected time",
    severity="digest",
    summary="[class]: few work on [which]",
    description="That many of the class have worked on what has been open for a week: scrolled half of it, completed "
    "it, or spent a quarter of its time. Data as of [as_of].",
    numbers=("chapters",),
    texts=("class", "which"),
    reasons=("More have worked on it, or it has been open for two weeks.", "The term is over."),
    every_s=3600,
    repeat="7d",
    board="chapters",
    panel="Chapters that students leave",
    variable="",
)

TIME: Final = Rule(
    name="chapter_time",
    title="A chapter takes twice as long",
    when="the class's median visit of a chapter in the last 7 days took at least twice as long as everybody's in "
    "the 28 days before; of 10 students and 10 earlier visits at least, of a chapter open for 7 days",
    severity="digest",
    summary="[class]: takes much longer than usual: [which]",
    description="The median visit of the last seven days, against that of all classes in the four weeks before. "
    "Data as of [as_of].",
    numbers=("chapters",),
    texts=("class", "which"),
    reasons=("It takes about as long as usual again.", "The term is over."),
    every_s=3600,
    repeat="7d",
    board="chapters",
    panel="Time per chapter",
    variable="",
)
