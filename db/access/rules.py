"""Of every view that teachers read: its rows for a login of some classes, and for readers who see no student.

The one table; SQL (`db.access.views`) and docs are made from it, and a view that is missing here fails a test.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final


@dataclass(frozen=True, slots=True)
class ForAll:
    """Speaks of no student and no class: courses, lists, how fresh the data are."""

    words = "all rows: nothing in it is of a student"


@dataclass(frozen=True, slots=True)
class OfClass:
    """A row is of one class.

    Attributes:
        column: Which.
    """

    column: str = "class_id"

    @property
    def words(self) -> str:
        """Returns the rule for a reader of the docs."""
        return f"rows whose `{self.column}` is a class of the login"


@dataclass(frozen=True, slots=True)
class OfScope:
    """A row is of a scope of some kind; `all`, `grade`, `course` mix classes."""

    words = "rows of the scope `class` of the login's classes; other scopes mix classes"


@dataclass(frozen=True, slots=True)
class OfCohort:
    """A row is of a cohort, a class or a course; courses mix classes."""

    words = "rows of the cohort `class` of the login's classes; courses mix classes"


@dataclass(frozen=True, slots=True)
class OfStudent:
    """A row is of a student, and perhaps of the class in which it happened.

    Attributes:
        column: The student.
        class_column: The class in which it happened, where the row says it: one of the login's, or none said.
    """

    column: str = "student_id"
    class_column: str | None = None

    @property
    def words(self) -> str:
        """Returns the rule for a reader of the docs."""
        text = f"rows whose `{self.column}` is in a class of the login, enrolled or last seen there"
        return f"{text}; not what happened in another's class (`{self.class_column}`)" if self.class_column else text


@dataclass(frozen=True, slots=True)
class SchoolOnly:
    """Mixes classes: not for a login of some."""

    words = "– (mixes classes)"


ClassRule = ForAll | OfClass | OfScope | OfCohort | OfStudent | SchoolOnly


@dataclass(frozen=True, slots=True)
class Hidden:
    """Not for who sees no student: it is of students, live by more than class, or finer than an hour."""

    words = "–"


@dataclass(frozen=True, slots=True)
class Plain:
    """Speaks of no student."""

    words = "all rows"


@dataclass(frozen=True, slots=True)
class Cells:
    """A row counts students: it is hidden where they are few, and a second one where totals would give it away.

    Attributes:
        students: The column that counts them; None where each part stands for itself.
        within: Columns inside which rows add up to a total that can be had; `()`: all rows do; None: none can.
        parts: Columns that count some of those students, or (without `students`) are counts of their own.
        shares: (column, whole): such a part divided by its whole, 0 to 1.
        of_parts: (column, part): what is only to be shown where so many students are in that part.
        never: Columns that are not shown.
        where: Rows that are published at all, as SQL.
    """

    students: str | None
    within: tuple[str, ...] | None = None
    parts: tuple[str, ...] = ()
    shares: tuple[tuple[str, str], ...] = ()
    of_parts: tuple[tuple[str, str], ...] = ()
    never: tuple[str, ...] = ()
    where: str | None = None

    @property
    def words(self) -> str:
        """Returns the rule for a reader of the docs."""
        said = [f"`{self.students}` ≥ k"] if self.students else []
        said += [f"only `{self.where}`"] if self.where and "SELECT" not in self.where else []
        said += ["pages that k students saw on one day"] if self.where and "SELECT" in self.where else []
        within = " and ".join(f"`{column}`" for column in self.within or ())
        said += [f"a second row goes{f' within a {within}' if within else ''}"] if self.within is not None else []
        said += [f"{_named(self.parts)} null where they or the rest are few"] if self.parts else []
        said += [f"{_named(column for column, _ in self.of_parts)} with them"] if self.of_parts else []
        said += [f"{_named(column for column, _ in self.shares)} never within k students of 0 or 1"] * bool(self.shares)
        said += [f"{_named(self.never)} null"] if self.never else []
        return "; ".join(said)


def _named(columns: Iterable[str]) -> str:
    return ", ".join(f"`{column}`" for column in columns)


SchoolRule = Hidden | Plain | Cells


@dataclass(frozen=True, slots=True)
class View:
    """A view that teachers read.

    Attributes:
        of_classes: Its rows for a login of some classes.
        of_school: Its rows for who sees no student.
    """

    of_classes: ClassRule
    of_school: SchoolRule = Hidden()


_LIVE: Final = Cells(
    "enrolled",
    parts=("present", "absent"),
    of_parts=(("engagement_score", "present"),),
    shares=(("idle_share", "present"),),
    never=("active_students", "idle_students"),
)
_CURVES: Final = Cells(
    "students_with_curve",
    within=("cohort", "module"),
    parts=("due_students", "high_students", "enrolled_with_curve"),
    shares=tuple((f"high_share{ahead}", "students_with_curve") for ahead in ("", "_1d", "_3d", "_7d")),
)
_GAPS: Final = Cells(
    "students_with_curve",
    within=("cohort", "module", "next_module"),
    parts=("students_with_gap",),
    shares=(("gap_share", "students_with_curve"),),
)
_FAILURES: Final = Cells("students", within=("module",), parts=("failed",), shares=(("failure_rate", "students"),))
_STUDENT: Final = View(OfStudent())
_USER: Final = View(OfStudent("user_id"))
_IN_CLASS: Final = View(OfStudent(class_column="class_id"))
_CLASS: Final = View(OfClass())
_MIXED: Final = View(SchoolOnly())
_SCOPE: Final = View(OfScope())
_FACTS: Final = View(ForAll(), Plain())

VIEWS: Final[dict[str, View]] = {
    # how far the data are, and what a school's courses and classes are called
    "data_clock": _FACTS,
    "data_freshness": _FACTS,
    "event_quality": _FACTS,
    "course_items": _FACTS,
    "course_list": _FACTS,
    "course_titles": _FACTS,
    "grade_list": _FACTS,
    "class_list": View(OfClass(), Plain()),
    "late_additions": View(SchoolOnly(), Plain()),
    # now
    "active_now": View(OfScope(), replace(_LIVE, where="scope = 'class'")),
    "class_overview": View(OfClass(), _LIVE),
    "class_students": _CLASS,
    "class_members": _CLASS,
    "class_elsewhere": _CLASS,
    "class_presence": _CLASS,
    "present_now": _CLASS,
    "stuck_now": _IN_CLASS,
    "student_live_metrics": _IN_CLASS,
    "student_names": _STUDENT,
    "enrolled_courses": _IN_CLASS,
    "latest_events": _IN_CLASS,
    "latest_named_events": _IN_CLASS,
    # activity
    "activity": _SCOPE,
    "activity_trend": _SCOPE,
    "activity_by_minute": _SCOPE,
    "activity_by_hour": View(OfScope(), Cells("peak_active_students", where="scope = 'all'")),
    "activity_by_day": View(OfScope(), Cells("peak_active_students", where="scope = 'all'")),
    "class_chapter_activity": _CLASS,
    "daily_activity": _CLASS,
    "daily_logins": View(OfScope(), Cells("students", where="scope = 'all'")),
    "domain_popularity": View(OfScope(), Cells("students", within=("day",), where="scope = 'all'")),
    "engagement_by_class": _CLASS,
    "student_engagement": _IN_CLASS,
    "student_active_days": _IN_CLASS,
    "student_class_days": _IN_CLASS,
    "class_member_days": _CLASS,
    "student_streak": _STUDENT,
    "leaderboard": _IN_CLASS,
    "forum_activity": _CLASS,
    # sessions, chapters, videos
    "sessions": _IN_CLASS,
    "chapter_visits": _IN_CLASS,
    "chapter_engagement_summary": _STUDENT,
    "chapter_analytics": View(
        SchoolOnly(),
        Cells(
            "unique_students",
            within=("course_id",),
            shares=(("drop_off_rate", "unique_students"), ("completed_share", "unique_students")),
        ),
    ),
    "course_analytics": View(SchoolOnly(), Cells("unique_students", shares=(("drop_off_rate", "unique_students"),))),
    "course_drop_off_index": View(
        SchoolOnly(), Cells("students", within=("course_id",), shares=(("share", "students"),))
    ),
    "chapter_pace": _CLASS,
    "chapter_reach": _CLASS,
    "chapter_time_by_day": _MIXED,
    "chapter_time_by_hour": _MIXED,
    "chapter_time_distribution": _MIXED,
    "chapter_time_spread": _MIXED,
    "course_time_by_hour": _MIXED,
    "course_time_spread": _MIXED,
    "student_video_events": _STUDENT,
    "student_video_views": _IN_CLASS,
    "video_summary": View(
        SchoolOnly(), Cells("students", within=("course_id",), shares=(("completed_share", "students"),))
    ),
    "video_drop_off": _MIXED,
    "video_rewatch_peaks": _MIXED,
    "video_engagement": _CLASS,
    "handed_in": _STUDENT,
    # the school's days
    "clickstream_analytics": View(SchoolOnly(), Cells("active_users", shares=(("bounce_rate", "sessions"),))),
    "top_pages": View(SchoolOnly(), Cells("students", within=("day",))),
    "top_pages_by_week": View(
        SchoolOnly(),
        Cells(None, where="page_url IN (SELECT p.page_url FROM public.top_pages p WHERE p.students >= {k})"),
    ),
    "scroll_distribution": _MIXED,
    "geography": View(SchoolOnly(), Cells("students", within=(), shares=(("bounce_rate", "sessions"),))),
    "device_summary": View(SchoolOnly(), Cells("students", within=("kind",), shares=(("bounce_rate", "sessions"),))),
    "cohort_retention": View(
        SchoolOnly(), Cells("students", parts=("active_students",), shares=(("retention", "students"),))
    ),
    "enrolment_revenue": View(
        SchoolOnly(),
        Cells(
            None,
            parts=("enrolments", "unenrolments", "completions", "paid_enrolments"),
            of_parts=(("revenue", "paid_enrolments"),),
        ),
    ),
    # quizzes and memory
    "attempts_by_day": _CLASS,
    "class_attempts": _CLASS,
    "student_attempts": View(OfStudent("user_id", class_column="class_id")),
    "quiz_analytics": _USER,
    "quiz_failure": View(OfClass(), _FAILURES),
    "quiz_failure_summary": View(OfClass(), _FAILURES),
    "quiz_questions": _CLASS,
    "module_performance": _MIXED,
    "module_summary": _MIXED,
    "score_distribution": _MIXED,
    "score_summary": _MIXED,
    "class_recall": _CLASS,
    "curve_changes": _MIXED,
    "memory_summary": View(SchoolOnly(), Cells("students", parts=("due", "high"))),
    "memory_scores": _USER,
    "memory_history": _USER,
    "revision_signals": _USER,
    "revisions_waiting": _USER,
    "reviews_coming": _USER,
    "forgetting_by_cohort": View(OfCohort(), _CURVES),
    "forgetting_summary": View(OfCohort(), _CURVES),
    "knowledge_gaps": _USER,
    "knowledge_gaps_by_cohort": View(OfCohort(), _GAPS),
    "knowledge_gap_summary": View(OfCohort(), _GAPS),
    "next_modules": _USER,
    "user_engagement": _USER,
    # profiles, risk, alerts
    "student_course_metrics": _STUDENT,
    "student_course_completion": _STUDENT,
    "student_analytics_profiles": _STUDENT,
    "student_risk": _IN_CLASS,
    "student_risk_entries": _IN_CLASS,
    "student_predictions": _IN_CLASS,
    "fast_readers": _IN_CLASS,
    "class_days_summary": _CLASS,
    "class_course_days_summary": _CLASS,
    "class_summary": _CLASS,
    "active_before": _CLASS,
    "idle_before": _CLASS,
    "alert_classes": _CLASS,
    "todays_lessons": View(OfClass(), Plain()),
}
