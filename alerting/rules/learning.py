"""What is forgotten, what was not understood, and who may be lost."""

from __future__ import annotations

from typing import Final

from alerting.rules.rule import Rule, given

FORGETTING: Final = Rule(
    name="forgetting_risk",
    title="A class is forgetting a module",
    when="of a module reviewed in the last 6 weeks or assessed in the next 3, the class's mean chance to pass it now, "
    "of 10 students with a curve at least, lies 15 points and two standard errors below that of everybody else with a "
    "curve of it, as long after their review; where those are fewer than 10, below its own right after its reviews, "
    "and an assessment of it is within 7 days",
    severity="digest",
    summary="[class]: about [chance] of 100 would pass *[item]* now" + given("assessed", "; due on [assessed]"),
    description="The mean chance of its [curves] students with a curve is [chance] %; [compared] it was [norm] %. "
    "[enrolled] are enrolled. A short quiz would bring it back. Data as of [as_of].",
    numbers=("chance", "norm", "curves", "enrolled"),
    texts=("class", "item", "compared", "assessed"),
    reasons=("It was revised, or the others know no more.", "The term is over."),
    about="[class], *[item]*",
    ids=("class_id", "module"),
    worded="q.firing OR q.norm - q.chance >= 5",
    every_s=1800,
    keep_s=86400,
    repeat="14d",
    board="memory",
    panel="Classes and modules at risk",
)

QUIZ: Final = Rule(
    name="quiz_failure",
    title="Many fail a quiz",
    when="more than 40 % of the students, 5 of 10 at least, failed their first attempt within 7 days",
    severity="digest",
    summary="[class]: [failed] of [students] failed *[item]* at first",
    description="They stayed below the pass mark of [mark] at their first attempt of the last seven days."
    + given("worst", " Hardest: [worst].")
    + " Data as of [as_of].",
    numbers=("failed", "students", "mark"),
    texts=("class", "item", "worst"),
    reasons=("It is a week ago, or enough have passed.",),
    about="[class], *[item]*",
    ids=("class_id", "module"),
    worded="q.firing OR 3 * q.failed >= q.students AND q.failed > 0",
    every_s=900,
    keep_s=86400,
    repeat="28d",
    board="memory",
    panel="Failed in the last seven days",
)

RISK: Final = Rule(
    name="at_risk",
    title="Newly at risk",
    when="since the last digest a student of the class came to be at risk (a score of 0.6; it lasts until the score is "
    "below 0.4), from day 14 of the term on; students who never came are counted too",
    severity="digest",
    summary="[class]: newly at risk: [fresh]",
    description="[reasons]. [students] of the class are at risk in all. Who they are is on the board. "
    "Data as of [as_of].",
    numbers=("fresh", "students"),
    texts=("class", "reasons"),
    reasons=("They were told of, or are well again.", "The term is over."),
    every_s=900,
    repeat="20h",
    board="overview",
    panel="Who may be lost, and why",
)
