"""At which values a number changes colour, as panels take it."""

from __future__ import annotations

from grafana_foundation_sdk.builders.dashboard import ThresholdsConfig
from grafana_foundation_sdk.models import dashboard

from grafana import theme
from grafana.thresholds import Thresholds


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
