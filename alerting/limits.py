"""From where on a rule calls: settings, and where a panel has the same limit, the same setting."""

from __future__ import annotations

from pydantic import Field

from grafana.thresholds import Thresholds


class Limits(Thresholds):
    """The limits of the learning alerts; each is read from `CLASSPULSE_<NAME>`.

    Example:
        >>> Limits(_env_file=None).present_least
        8
    """

    present_least: int = Field(default=8, ge=1)
    drop_share: float = Field(default=0.5, gt=0, le=1)
    drop_students: int = Field(default=5, ge=1)
    many_share: float = Field(default=0.3, gt=0, le=1)
    many_classes: int = Field(default=3, ge=2)
    lesson_edge_min: int = Field(default=5, ge=0)
    absent_minute: int = Field(default=10, ge=1)
    video_low_pct: int = Field(default=40, ge=0, le=100)
    failing_least: int = Field(default=5, ge=1)
    reviewed_weeks: int = Field(default=6, ge=1)
    assessed_weeks: int = Field(default=3, ge=0)
