"""What an operator may set of the gateway; documented in `.env.example` beside everything else."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

MEBI = 1 << 20


class ApiSettings(BaseSettings):
    """Settings of `classpulse serve`, read from `CLASSPULSE_<NAME>`.

    Example:
        >>> ApiSettings(_env_file=None).api_port
        3001
    """

    model_config = SettingsConfigDict(env_prefix="CLASSPULSE_", env_file=".env", extra="ignore")

    api_host: str = "127.0.0.1"
    api_port: int = Field(default=3001, ge=0, le=65535)
    api_open: Literal["until-first-token", "never", "always"] = "until-first-token"
    api_origins: str = ""
    api_max_body_bytes: int = Field(default=5 * MEBI, ge=1024)
    api_max_events: int = Field(default=5000, ge=1)
    api_body_timeout_s: float = Field(default=60.0, gt=0)
    api_ack_s: float = Field(default=1.0, gt=0)
    api_events_per_s: float = Field(default=100_000.0, gt=0)
    api_requests_per_s: float = Field(default=50.0, gt=0)
    api_recent_ids: int = Field(default=500_000, ge=2)
    api_ticks: bool = True
    spool_dir: Path = Path(".classpulse/spool")
    spool_bytes: int = Field(default=1024 * MEBI, ge=MEBI)
    pseudonyms: Literal["off", "edge"] = "off"
    pseudonym_key: SecretStr | None = None

    @model_validator(mode="after")
    def _key_is_there(self) -> ApiSettings:
        if self.pseudonyms == "edge" and len(self.key) < 16:
            text = (
                "CLASSPULSE_PSEUDONYMS=edge needs CLASSPULSE_PSEUDONYM_KEY: at least 16 characters, from a secret store"
            )
            raise ValueError(text)
        return self

    @property
    def key(self) -> bytes:
        """The key of pseudonyms, empty where there is none."""
        return self.pseudonym_key.get_secret_value().encode() if self.pseudonym_key else b""
