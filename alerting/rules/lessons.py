"""What happens in a running lesson."""

from __future__ import annotations

from typing import Final

from alerting.rules.rule import Rule, given

WHO: Final = "[class]" + given("period", ", period [period]")

DROP: Final = Rule(
    name="active_students_drop",
    title="Active students drop",
    when="inside a lesson (not in its first 5 min, and not where it fell in the last 5) at most half as many students, "
    "5 fewer at least, of 8 at least, are heard of in each of two whole minutes as in any of the ten before, or are "
    "active for three as at most since the lesson began; of 4 to 7 nobody is heard of. Where two of the last four "
    "weeks know that lesson, likewise against what is usual; without a timetable a lesson is where 8 usually work. "
    "Held where half of those lost signed off. Who plays a video or goes on in another class's items is not lost",
    severity="push",
    summary=f"{WHO}: only [active] of [before] still active",
    description="[active] students are active; [before] were before"
    + given("usual", " (usual at this time: [usual])")
    + ". [present] of [enrolled] are present. Data as of [as_of].",
    numbers=("active", "before", "usual", "present", "enrolled", "period"),
    reasons=(
        "They came back.",
        "The lesson is over.",
        "Many classes fell at once: the operators were told.",
        "They left: for ten minutes few have been there.",
        "They signed off.",
    ),
    about=WHO,
    panel="Active in the last 10 minutes",
)

IDLE: Final = Rule(
    name="idle_share",
    title="Many are idle",
    when="more than 30 % of those present are idle, of 8 present at least; inside a lesson where the class has a "
    "timetable. Who may be watching a video whose length is not known is not idle. Held where 30 % of such classes, "
    "3 at least, are idle together: the tracker broke",
    severity="push",
    summary=f"{WHO}: [idle] of [present] present inactive for [minutes] min" + given("usual", " (usual: [usual])"),
    description=given("most", "Most on [most]. ") + "[enrolled] are enrolled. Data as of [as_of].",
    numbers=("idle", "present", "enrolled", "period", "minutes"),
    texts=("class", "usual", "most"),
    reasons=(
        "They came back.",
        "They left.",
        "The lesson is over.",
        "Many classes are idle: look at the tracker first.",
    ),
    about=WHO,
    for_s=300,
    panel="Idle share",
)

ABSENT: Final = Rule(
    name="absent_at_minute_10",
    title="Absent at minute 10",
    when="ten minutes into a lesson of today, someone enrolled had not come; of 8 at least, where someone came. Who is "
    "carried over from before the bell came if they stay beyond the ten minutes or work in two of them",
    severity="digest",
    summary=f"{WHO}: [absent] of [enrolled] had not come after ten minutes",
    description="That is today's lesson that most missed. Who it was is on the board. Data as of [as_of].",
    numbers=("absent", "enrolled", "period"),
    reasons=("The day is over.",),
    every_s=900,
    repeat="20h",
    board="overview",
    panel="Who may be lost, and why",
)

VIDEO: Final = Rule(
    name="video_engagement",
    title="Videos are left early",
    when="the median view of today that is over saw less than 40 % of its video, of 8 students at least",
    severity="digest",
    summary="[class]: half of today's views saw less than [watched] % of the video",
    description="[views] views by [students] students. Where they stop is on the board. Data as of [as_of].",
    numbers=("watched", "students", "views"),
    reasons=("More was seen, or the day is over.",),
    every_s=900,
    repeat="20h",
    board="chapters",
    panel="How far videos are watched",
    variable="",
)

MANY: Final = Rule(
    name="many_classes_drop",
    title="Many classes drop together",
    when="30 % of the running lessons, 3 at least, drop as above within two minutes: the tracker "
    "broke, not the lessons. The teachers' own alerts are held",
    severity="push",
    summary="[dropped] of [running] running classes lost their students at once",
    description="That many lessons do not empty in the same two minutes: look at the tracker, the network and the "
    "platform first. Teachers are not told. Data as of [as_of].",
    numbers=("dropped", "running"),
    texts=(),
    reasons=("The classes are back.", "The lessons are over, or have been empty for ten minutes."),
    about="",
    ids=("school",),
    audience="operators",
    panel="Classes",
)
