"""From where on a rule calls: settings, and where a panel has the same limit, the same setting."""

from __future__ import annotations

from pydantic import Field, computed_field

from alerting.times import WEEKDAYS, Times
from grafana.thresholds import Thresholds


class Limits(Thresholds):
    """The limits of the learning alerts; each is read from `CLASSPULSE_<NAME>`.

    Example:
        >>> Limits(_env_file=None).present_least
        8
    """

    present_least: int = Field(default=8, ge=1)
    small_least: int = Field(default=4, ge=1)
    drop_share: float = Field(default=0.5, gt=0, le=1)
    drop_students: int = Field(default=5, ge=1)
    many_share: float = Field(default=0.3, gt=0, le=1)
    many_classes: int = Field(default=3, ge=2)
    many_within_min: int = Field(default=2, ge=1)
    lesson_edge_min: int = Field(default=5, ge=0)
    absent_minute: int = Field(default=10, ge=1)
    video_low_pct: int = Field(default=40, ge=0, le=100)
    failing_least: int = Field(default=5, ge=1)
    reviewed_weeks: int = Field(default=6, ge=1)
    assessed_weeks: int = Field(default=3, ge=0)
    assessed_days: int = Field(default=7, ge=0)
    forgetting_points: float = Field(default=15, ge=5, le=100)
    chapter_low_share: float = Field(default=0.3, gt=0, le=1)
    chapter_slow_times: float = Field(default=2.0, gt=1)
    digest: str = "15:30-16:00"
    school_hours: str = "Mon-Fri 08:00-15:00"

    @computed_field  # type: ignore[prop-decorator]
    @property
    def digest_ends(self) -> str:
        """When a day's digest is over, by the school's clock."""
        return self.digest.split("-")[1]

    @computed_field  # type: ignore[prop-decorator]
    @property
    def digest_days(self) -> str:
        """The days that have one, Monday = 1, as SQL lists them.

        Example:
            >>> Limits(_env_file=None).digest_days
            '1, 2, 3, 4, 5'
        """
        free = {day for found in Times(school_hours=self.school_hours).weekend() for day in found["weekdays"]}
        return ", ".join(str(number) for number, day in enumerate(WEEKDAYS, 1) if day not in free)
