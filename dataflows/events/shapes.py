"""The published shapes of events: what an LMS may send, as typed structs from which the JSON Schemas are made.

The decoders accept more than is published (see `normalise`); whatever fits a published shape they accept.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from dataflows.events.rules import EARLIEST_MS, LATEST_MS, MAX_TEXT

_UUID = r"^([0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}|[0-9a-fA-F]{32})?$"
_TIME = r"^(\d{12,13}|\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}([.,]\d+)?)?(Z|[+-]\d{2}:?\d{2}))$"

_Text = Annotated[str, Meta(max_length=MAX_TEXT)]
_Id = _Text | int | None
_Uuid = Annotated[str, Meta(pattern=_UUID)] | None
_NUMBER = r"^\s*([+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,2})?)?\s*$"
_Number = float | Annotated[str, Meta(pattern=_NUMBER, max_length=64)] | None
_Time = Annotated[int, Meta(ge=EARLIEST_MS, lt=LATEST_MS)] | Annotated[str, Meta(pattern=_TIME)]


def _says(description: str, *examples: object) -> Meta:
    return Meta(description=description, examples=list(examples) or None)


_STUDENT_ID = _says("The student, as a pseudonym; also the key of the Kafka record.", "p1_5f2c")
_USER_ID = _says("Another name of `student_id`; one id space.", "user123")
_EVENT_ID = _says("UUID of the event; repeats of an id are counted once. Derived from the content where absent.")
_TIMESTAMP = _says(
    "When it happened: epoch milliseconds, or ISO 8601 with an offset or Z. At most 5 minutes ahead of its arrival.",
    1760000000000,
    "2025-10-09T08:53:20Z",
)


class Device(msgspec.Struct):
    """The device on which it happened."""

    type: Annotated[_Text | None, _says("desktop, mobile or tablet.", "mobile")] = None
    os: Annotated[_Text | None, _says("Operating system.", "Android")] = None
    browser: Annotated[_Text | None, _says("Browser.", "Chrome")] = None


class Facts(msgspec.Struct, kw_only=True):
    """What stands at the top or in a part."""

    score: Annotated[_Number, _says("Result, 0-100; like every number here, also as its text.", 85, "85")] = None
    position_s: Annotated[_Number, _says("Where in the video, seconds.", 12.5)] = None
    video_duration_s: Annotated[_Number, _says("Length of the video, seconds.", 300)] = None
    playback_rate: Annotated[_Number, _says("Speed of the video.", 1.25)] = None
    from_s: Annotated[_Number, _says("Where a jump in the video began, seconds.")] = None
    to_s: Annotated[_Number, _says("Where it ended, seconds.")] = None
    scroll_depth: Annotated[_Number, _says("How far down the student got, 0-100.", 75)] = None
    duration: Annotated[_Number, _says("How long it took, seconds.", 61.5)] = None
    time_taken: Annotated[_Number, _says("Seconds taken for a quiz; wins over `duration`.")] = None
    price: Annotated[_Number, _says("What an enrolment cost.", 49.9)] = None
    hidden: Annotated[Any, _says("True for a ping from a tab that nobody sees.")] = None
    module: Annotated[_Id, _says("The module of a quiz, unique within the deployment.")] = None
    domain: Annotated[_Id, _says("The field of learning.")] = None


class Details(Facts, kw_only=True):
    """Anything; these are known."""

    class_id: Annotated[_Id, _says("As at the top.")] = None
    subject_id: Annotated[_Id, _says("As at the top.")] = None
    course_id: Annotated[_Id, _says("As at the top.")] = None
    chapter_id: Annotated[_Id, _says("As at the top.")] = None
    lesson_id: Annotated[_Id, _says("As at the top.")] = None
    video_id: Annotated[_Id, _says("As at the top.")] = None
    assessment_id: Annotated[_Id, _says("As at the top.")] = None
    session_id: Annotated[_Id, _says("As at the top.")] = None
    grade: Annotated[Any, _says("In `context` the school year; elsewhere a mark, which is kept.")] = None


class Context(Details, kw_only=True):
    """Ids and device, nested."""

    grade: Annotated[_Id, _says("The school year.", "7")] = None


class ClickstreamEvent(Facts):
    """One interaction of a student with the platform."""

    event_id: Annotated[_Uuid, _EVENT_ID] = None
    student_id: Annotated[_Id, _STUDENT_ID] = None
    user_id: Annotated[_Id, _USER_ID] = None
    timestamp: Annotated[_Time | None, _TIMESTAMP] = None
    event_timestamp: Annotated[_Time | None, _says("Another name of `timestamp`.")] = None
    event_name: Annotated[
        _Text | None, _says("What happened; names of your own pass through.", "page_view", "video_play", "quiz_submit")
    ] = None
    event_type: Annotated[
        _Text | None,
        _says("Family of the name, derived where absent; sent alone, it is the name.", "video_event", "click"),
    ] = None
    role: Annotated[_Text | None, _says("`student` where absent; any other role is kept and counted nowhere.")] = None
    session_id: Annotated[_Id, _says("The visit to the platform.")] = None
    class_id: Annotated[_Id, _says("The class; also in `context`, `payload` or `metadata`.", "7B")] = None
    grade: Annotated[_Id, _says("The school year; also in `context`.", "7")] = None
    subject_id: Annotated[_Id, _says("The subject.", "MATH")] = None
    course_id: Annotated[_Id, _says("The course.", "math-7")] = None
    chapter_id: Annotated[_Id, _says("The chapter, unique within the deployment.", "ch3")] = None
    lesson_id: Annotated[_Id, _says("The lesson.")] = None
    video_id: Annotated[_Id, _says("The video.")] = None
    assessment_id: Annotated[_Id, _says("The quiz or assignment.")] = None
    page_url: Annotated[str | None, _says("The page.", "/courses/math-7/ch3")] = None
    country_code: Annotated[_Text | None, _says("ISO 3166 country code.", "IN")] = None
    device: Annotated[Device | _Text | None, _says("The device, or its type as a word.")] = None
    device_type: Annotated[_Text | None, _says("`device.type`, flat.")] = None
    os: Annotated[_Text | None, _says("`device.os`, flat.")] = None
    browser: Annotated[_Text | None, _says("`device.browser`, flat.")] = None
    context: Annotated[Context | None, _says("Ids and device, nested.", {"course_id": "math-7"})] = None
    payload: Annotated[Details | None, _says("Anything; kept in `metadata`.", {"from_s": 10})] = None
    event_data: Annotated[Details | None, _says("Another name of `payload`.")] = None
    metadata: Annotated[
        Details | None,
        _says("Anything.", {"position_s": 12.5, "video_duration_s": 300, "playback_rate": 1.25}),
    ] = None


class ChapterViewEvent(msgspec.Struct):
    """One visit to a chapter, sent when it ends."""

    chapter_id: Annotated[_Text | int, Meta(description="The chapter.", extra_json_schema={"minLength": 1})]
    event_id: Annotated[_Uuid, _EVENT_ID] = None
    student_id: Annotated[_Id, _STUDENT_ID] = None
    user_id: Annotated[_Id, _USER_ID] = None
    course_id: Annotated[_Id, _says("The course.", "math-7")] = None
    start_time: Annotated[_Time | None, _says("When the chapter was opened.", "2025-10-09T08:53:20Z")] = None
    chapter_start_time: Annotated[_Time | None, _says("Another name of `start_time`.")] = None
    end_time: Annotated[_Time | None, _says("When it was closed.", "2025-10-09T09:08:20Z")] = None
    time_spent_seconds: Annotated[_Number, _says("Accepted, and recomputed from start and end.")] = None
    session_id: Annotated[_Id, _says("The visit to the platform.")] = None
    device_type: Annotated[_Text | None, _says("desktop, mobile or tablet.")] = None
    browser: Annotated[_Text | None, _says("Browser.")] = None
    scroll_depth: Annotated[_Number, _says("How far down the student got, 0-100.")] = None


class LearningEvent(msgspec.Struct):
    """A login, a choice of domain, a quiz or a completed module."""

    event_id: Annotated[_Uuid, _EVENT_ID] = None
    user_id: Annotated[_Id, _says("The student; one id space with `student_id`.", "user123")] = None
    student_id: Annotated[_Id, _says("Another name of `user_id`.")] = None
    event_type: Annotated[_Text | None, _says("What happened; follows from the topic where absent.")] = None
    domain: Annotated[_Text | None, _says("The field of learning.", "dsa")] = None
    course: Annotated[_Text | int | None, _says("The course.")] = None
    module: Annotated[_Text | None, _says("The module, unique within the deployment.", "dsa-arrays")] = None
    score: Annotated[_Number, _says("Result, 0-100.", 85)] = None
    time_taken: Annotated[_Number, _says("Seconds taken.", 420)] = None
    timestamp: Annotated[_Time | None, _says("When it happened; the time of arrival where absent.")] = None
