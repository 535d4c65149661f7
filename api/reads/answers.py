"""What is answered, with an example of each: the schemas at `/docs`."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

NextCursor = Annotated[
    str | None, Field(description="Hand it back as `cursor` for what comes next; null at the end.", examples=[None])
]
ClassId = Annotated[str | None, Field(examples=["7B"])]


class State(StrEnum):
    """What the numbers are numbers of."""

    LIVE = "live"
    QUIET = "quiet"
    NO_ROSTER = "no_roster"
    UNKNOWN = "unknown"
    STALLED = "stalled"
    NO_DATA = "no_data"


class Timed(BaseModel):
    """An answer that says of when it is."""

    as_of: datetime | None = Field(
        description="How far the events have been counted; null before the first.", examples=["2026-03-02T10:00:20Z"]
    )
    lag_seconds: float | None = Field(description="How far that is behind now.", examples=[0.8])


class Headcount(BaseModel):
    """Students of a class, or of all of them, right now."""

    active_students: int = Field(examples=[21])
    idle_students: int = Field(examples=[3])
    present: int = Field(description="Active and idle ones.", examples=[24])
    absent: int = Field(description="Enrolled and not present.", examples=[4])
    enrolled: int = Field(description="0 where no roster is loaded.", examples=[28])
    idle_share: float | None = Field(description="Idle of the present; null with nobody there.", examples=[0.125])
    engagement_score: float | None = Field(description="0-100, the mean of the present.", examples=[63.4])
    last_active_at: datetime | None = Field(examples=["2026-03-02T10:00:19Z"])


class ClassHeadcount(Headcount):
    """One class among several."""

    class_id: str = Field(examples=["7B"])
    title: str | None = Field(examples=["Class 7B"])
    grade: str | None = Field(examples=["7"])


class ActiveStudents(Timed, Headcount):
    """Who is here, as numbers: all that the token may count, or one class."""

    class_id: ClassId = None
    title: str | None = Field(default=None, examples=["Class 7B"])
    state: State = Field(description="`stalled`: the pipeline is behind, and this says nothing about the class.")
    is_replay: bool = Field(description="Whether now is the time of a replayed log.", examples=[False])
    items: list[ClassHeadcount] = Field(description="Class by class, with nobody known left out.")
    next_cursor: NextCursor = None


class ClassItem(BaseModel):
    """A class that the token may read."""

    class_id: str = Field(examples=["7B"])
    title: str | None = Field(examples=["Class 7B"])
    grade: str | None = Field(examples=["7"])
    sees_students: bool = Field(description="Whether the token may see its students, or count them only.")


class Classes(BaseModel):
    """The classes that the token may read."""

    items: list[ClassItem]
    counts_everybody: bool = Field(description="Whether it may count all classes together.", examples=[False])
    next_cursor: NextCursor = None


class Student(BaseModel):
    """A student of a class right now."""

    student_id: str = Field(examples=["p1_7f3a"])
    display_name: str | None = Field(description="From the roster's directory; null where it has none.")
    status: Literal["idle", "active", "absent"]
    is_enrolled: bool
    last_active_at: datetime | None
    current_activity: str | None = Field(description="The last event's name.", examples=["video_play"])
    course_id: str | None = Field(examples=["math"])
    chapter_id: str | None = Field(examples=["ch3"])
    chapter_title: str | None = Field(examples=["Fractions"])
    on_item_since: datetime | None = Field(description="When the visit of this chapter began that still goes on.")
    engagement_score: int | None = Field(description="0-100", examples=[64])
    device: str | None = Field(examples=["mobile"])


class Students(Timed):
    """Those first that may need someone: idle longest, then on one item longest, then absent."""

    class_id: str = Field(examples=["7B"])
    order: Literal["idle_longest_then_longest_on_one_item"] = Field(
        default="idle_longest_then_longest_on_one_item",
        description="What the order means. It is no measure of being stuck.",
    )
    items: list[Student]
    next_cursor: NextCursor = None


class TrendMinute(BaseModel):
    """A minute of the trend."""

    minute: datetime = Field(examples=["2026-03-02T10:00:00Z"])
    active_5m: int = Field(
        description="Students with an interaction in the five minutes that end with it.", examples=[22]
    )
    active_students: int = Field(description="Students with an event in it.", examples=[19])
    events: int = Field(examples=[140])
    is_final: bool = Field(description="Whether it still counts.")


class Trend(Timed):
    """The last minutes without gaps, oldest first; the last one has only begun."""

    class_id: ClassId = None
    window_minutes: int = Field(examples=[10])
    items: list[TrendMinute]


class HeatmapChapter(BaseModel):
    """A chapter's row, a number a minute."""

    chapter_id: str = Field(examples=["ch3"])
    title: str | None = Field(examples=["Fractions"])
    active_5m: list[int | None] = Field(
        description="Students on it in the five minutes that end with each minute; null where they are too few to say.",
        examples=[[0, 3, 7]],
    )


class Heatmap(Timed):
    """Chapters by minutes of one class; the busiest chapter first."""

    class_id: str = Field(examples=["7B"])
    minutes: list[datetime]
    items: list[HeatmapChapter]


class LatestEvent(BaseModel):
    """An event of the last hour."""

    event_time: datetime
    event_id: str
    student_id: str
    display_name: str | None
    class_id: str | None
    course_id: str | None
    chapter_id: str | None
    event_type: str | None = Field(examples=["video_event"])
    event_name: str = Field(examples=["video_play"])
    device_type: str | None


class LatestEvents(Timed):
    """The latest events, newest first."""

    items: list[LatestEvent]
    next_cursor: NextCursor = None


class Share(BaseModel):
    """Students by device or browser."""

    label: str | None = Field(description="null: those that are too few to be named.", examples=["mobile"])
    students: int = Field(examples=[41])


class LiveUsers(Timed):
    """Who is on the platform now."""

    live_users: int = Field(description="Active students.", examples=[412])
    present: int = Field(examples=[455])
    devices: list[Share]
    browsers: list[Share]


class TopPage(BaseModel):
    """A page and how often it was seen."""

    page_url: str = Field(examples=["/math/ch3"])
    views: int = Field(examples=[812])
    students: int = Field(examples=[330])
    scrolls: int = Field(examples=[604])


class TopPages(BaseModel):
    """The pages of a local day, most seen first."""

    day: date
    items: list[TopPage]
    next_cursor: NextCursor = None


class Finding(StrEnum):
    """What a chapter's numbers mean, where they mean something."""

    FEW_STUDENTS = "few_students"
    MANY_LEAVE = "many_leave"
    TAKES_LONGER = "takes_longer_than_expected"
    READ_FAST = "read_fast"


class ChapterInsight(BaseModel):
    """A chapter: time, visits, who leaves it."""

    course_id: str | None = Field(examples=["math"])
    chapter_id: str = Field(examples=["ch3"])
    title: str | None = Field(examples=["Fractions"])
    avg_time_spent: float | None = Field(description="Seconds a visit.", examples=[312.5])
    median_time_spent: float | None = Field(examples=[240.0])
    total_visits: int = Field(examples=[96])
    unique_students: int = Field(examples=[28])
    drop_off_rate: float | None = Field(description="Of those whose scroll depth is known.", examples=[0.18])
    difficulty_score: float | None = Field(description="0-100: effort and drop-off; null under ten students.")
    expected_seconds: float | None = Field(examples=[300.0])
    completed_share: float | None = Field(examples=[0.71])
    findings: list[Finding] = Field(examples=[["many_leave"]])
    as_of: datetime | None = None


class ChapterInsights(BaseModel):
    """Chapters in the order of their ids."""

    items: list[ChapterInsight]
    next_cursor: NextCursor = None


class Stream(BaseModel):
    """One message of `/engagement/stream`."""

    model_config = ConfigDict(json_schema_extra={"example": {"id": 1772445620, "event": "kpis"}})
    id: int = Field(description="The second of it, since 1970: the same for all listeners.")
    event: Literal["kpis", "problem"]
    data: ActiveStudents
