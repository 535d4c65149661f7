"""How reminders are sent."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class RemindSettings(BaseSettings):
    """Each is read from `CLASSPULSE_<NAME>`.

    Example:
        >>> RemindSettings(_env_file=None).remind_per_minute
        60
    """

    model_config = SettingsConfigDict(env_prefix="CLASSPULSE_", env_file=".env", extra="ignore")

    remind_per_minute: int = Field(default=60, ge=1)
    remind_unsubscribe: str = ""
