"""Where a number changes colour: settings, because alert rules and panels must agree."""

from __future__ import annotations

from grafana_foundation_sdk.builders.dashboard import ThresholdsConfig
from grafana_foundation_sdk.models import dashboard
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from grafana import theme


class Thresholds(BaseSettings):
    """The limits that panels colour by; each is read from `CLASSPULSE_<NAME>`.

    Example:
        >>> Thresholds(_env_file=None).idle_share_high
        0.3
    """

    model_config = SettingsConfigDict(env_prefix="CLASSPULSE_", env_file=".env", extra="ignore")

    idle_share_watch: float = Field(default=0.2, ge=0, le=1)
    idle_share_high: float = Field(default=0.3, ge=0, le=1)
    score_low: int = Field(default=40, ge=0, le=100)
    score_good: int = Field(default=70, ge=0, le=100)
    lag_watch_s: int = Field(default=5, ge=0)
    lag_stalled_s: int = Field(default=60, ge=1)
    students_shown: int = Field(default=200, ge=1)
    chapters_shown: int = Field(default=12, ge=1)
    lines_shown: int = Field(default=12, ge=1)
    students_least: int = Field(default=10, ge=1)
    forgetting_watch: float = Field(default=0.25, ge=0, le=1)
    forgetting_high: float = Field(default=0.5, ge=0, le=1)
    chance_low: float = Field(default=0.5, ge=0, le=1)
    chance_good: float = Field(default=0.7, ge=0, le=1)
    failure_watch: float = Field(default=0.2, ge=0, le=1)
    failure_high: float = Field(default=0.4, ge=0, le=1)
    risk_enters: float = Field(default=0.6, ge=0)
    fast_chapters: int = Field(default=3, ge=1)
    pass_mark: int = Field(default=70, ge=0, le=100)


def steps(base: str, *above: tuple[float, str]) -> ThresholdsConfig:
    """Returns absolute thresholds: `base` from minus infinity, then each colour from its value on.

    Example:
        >>> [step.value for step in steps("green", (5, "red")).build().steps]
        [None, 5]
    """
    marks = [dashboard.Threshold(value=None, color=base)]
    marks += [dashboard.Threshold(value=value, color=colour) for value, colour in above]
    return ThresholdsConfig().mode(dashboard.ThresholdsMode.ABSOLUTE).steps(marks)


def score_steps(limits: Thresholds) -> ThresholdsConfig:
    """Returns the colours of an engagement score on 0–100: high is good."""
    return steps(theme.BAD, (limits.score_low, theme.WATCH), (limits.score_good, theme.GOOD))


def idle_steps(limits: Thresholds) -> ThresholdsConfig:
    """Returns the colours of an idle share on 0–1: high is bad."""
    return steps(theme.GOOD, (limits.idle_share_watch, theme.WATCH), (limits.idle_share_high, theme.BAD))


def lag_steps(limits: Thresholds) -> ThresholdsConfig:
    """Returns the colours of a lag in seconds."""
    return steps(theme.GOOD, (limits.lag_watch_s, theme.WATCH), (limits.lag_stalled_s, theme.BAD))


def risk_steps(watch: float, high: float) -> ThresholdsConfig:
    """Returns the colours of a share on 0–1 of which more is worse."""
    return steps(theme.GOOD, (watch, theme.WATCH), (high, theme.BAD))


def chance_steps(limits: Thresholds) -> ThresholdsConfig:
    """Returns the colours of a chance to pass on 0–1: high is good."""
    return steps(theme.BAD, (limits.chance_low, theme.WATCH), (limits.chance_good, theme.GOOD))


def mark_steps(limits: Thresholds) -> ThresholdsConfig:
    """Returns the colours of a quiz score on 0–100: green from the pass mark on."""
    return steps(theme.BAD, (limits.score_low, theme.WATCH), (limits.pass_mark, theme.GOOD))
