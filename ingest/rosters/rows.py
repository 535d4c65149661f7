"""The rows of roster files: one model a kind; the fields are the columns (`docs/roster.md`)."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Annotated, Any, ClassVar, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, field_validator, model_validator

from alerting.addresses import PLACES, Email
from dataflows.events.text import tidy

WHOLE_CLASS = "*"  # the course of an enrolment that names a class and no course
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def _weekday(value: Any) -> Any:
    """Reads 1–7 or a name of which three letters are enough."""
    text = str(value).strip().lower()
    found = [number for number, name in enumerate(_WEEKDAYS, 1) if len(text) >= 3 and name.startswith(text)]
    return found[0] if found else value


def _lower(value: Any) -> Any:
    return value.strip().lower() or None if isinstance(value, str) else value


def _instant(value: Any, info: ValidationInfo) -> Any:
    """Reads ISO 8601; a date alone, or a time without offset, is local time of the deployment."""
    if value is None:
        return None
    try:
        at = datetime.fromisoformat(str(value))
    except ValueError:
        msg = "is no date or time in ISO 8601"
        raise ValueError(msg) from None
    zone: ZoneInfo = (info.context or {}).get("zone", ZoneInfo("UTC"))
    return at if at.tzinfo else at.replace(tzinfo=zone)


Id = Annotated[str, Field(min_length=1, max_length=200)]
Weekday = Annotated[int, BeforeValidator(_weekday), Field(ge=1, le=7)]
Instant = Annotated[datetime | None, BeforeValidator(_instant)]


class FileRow(BaseModel):
    """A row of a file that people write: a field that is not known is a fault, and texts are as tidy as in events."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True, coerce_numbers_to_str=True)

    @field_validator("*", mode="before")
    @classmethod
    def _tidy(cls, value: Any) -> Any:
        if isinstance(value, float) and value.is_integer():
            return int(value)  # 7.0 is class 7, as it is in an event
        return tidy(value) if isinstance(value, str) else value


class Row(FileRow):
    """A row of a roster file; `tables` says which tables it becomes rows of."""

    kind: ClassVar[str]

    def tables(self) -> dict[str, dict[str, Any]]:
        """Returns the row by table."""
        return {self.kind: self.model_dump()}


class ClassRow(Row):
    """A class."""

    kind = "classes"
    class_id: Id
    title: str | None = None
    grade: str | None = None
    idle_after_s: Annotated[int, Field(gt=0)] | None = None


class StaffRow(Row):
    """Who teaches a class, and where alerts about it go."""

    kind = "class_staff"
    class_id: Id
    staff_id: Id
    channel: Annotated[Literal["email", "slack"] | None, BeforeValidator(_lower)] = None
    address: Annotated[str, Field(max_length=2000)] | None = None

    @model_validator(mode="after")
    def _reachable(self) -> StaffRow:
        if bool(self.channel) is not bool(self.address):
            msg = "channel and address go together"
            raise ValueError(msg)
        if self.channel and self.address:
            self.address = PLACES[self.channel](self.address)
        return self


class TermRow(Row):
    """A school term, both days included."""

    kind = "terms"
    term_id: Id
    starts: date
    ends: date

    @model_validator(mode="after")
    def _in_order(self) -> TermRow:
        if self.ends < self.starts:
            msg = "ends before it starts"
            raise ValueError(msg)
        return self


class PeriodRow(Row):
    """A lesson of a class every week, in local time."""

    kind = "periods"
    class_id: Id
    weekday: Weekday
    starts: time
    ends: time
    subject_id: str | None = None

    @model_validator(mode="after")
    def _in_order(self) -> PeriodRow:
        if self.ends <= self.starts:
            msg = "ends before it starts"
            raise ValueError(msg)
        return self


class NameRow(Row):
    """A display name."""

    kind = "directory"
    student_id: Id
    display_name: Annotated[str, Field(min_length=1)]


class AddressRow(Row):
    """Where a student is reminded of reviews."""

    kind = "student_addresses"
    student_id: Id
    email: Email | None = None


class EnrolmentRow(Row):
    """A student of a course, in a class."""

    kind = "enrolments"
    student_id: Id
    course_id: Id
    class_id: str | None = None
    enrolled_at: Instant = None
    left_at: Instant = None
    role: Id = "student"


class StudentRow(Row):
    """A student with name and place: an enrolment and an entry of the directory in one."""

    kind = "students"
    student_id: Id
    display_name: str | None = None
    class_id: str | None = None
    course_id: str | None = None
    enrolled_at: Instant = None
    left_at: Instant = None
    role: Id = "student"

    @model_validator(mode="after")
    def _somewhere(self) -> StudentRow:
        if not self.class_id and not self.course_id:
            msg = "needs class_id or course_id"
            raise ValueError(msg)
        return self

    def tables(self) -> dict[str, dict[str, Any]]:
        """Returns the enrolment and, where a name is given, the directory's entry."""
        fields = self.model_dump()
        name = fields.pop("display_name")
        rows = {"enrolments": {**fields, "course_id": self.course_id or WHOLE_CLASS}}
        if name:
            rows["directory"] = {"student_id": self.student_id, "display_name": name}
        return rows


KINDS: dict[str, type[Row]] = {
    "periods": PeriodRow,
    "terms": TermRow,
    "staff": StaffRow,
    "students": StudentRow,
    "enrolments": EnrolmentRow,
    "directory": NameRow,
    "classes": ClassRow,
    "addresses": AddressRow,
}
"""Kinds by the name that a file or a JSON key bears."""

ALIASES = {
    "class_staff": "staff",
    "timetable": "periods",
    "enrollments": "enrolments",
    "names": "directory",
    "emails": "addresses",
}

TELLING: dict[str, set[str]] = {"students": {"class_id", "course_id"}, "addresses": {"email"}}
"""Of these columns one must be there for a file to be of a kind, besides what a row needs."""
