"""Where a number changes colour: settings, because alert rules and panels must agree."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


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
