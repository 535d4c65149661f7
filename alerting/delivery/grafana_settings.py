"""Where messages leave: the mail server and Slack, by the variables that Alertmanager's start script reads too."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

SMTP_PORT: Final = 25


class DeliverySettings(BaseSettings):
    """Each is read from `CLASSPULSE_<NAME>`; empty means that it is not set up.

    Example:
        >>> DeliverySettings(_env_file=None, smtp_host="mail.school.example:587").smtp_address
        ('mail.school.example', 587)
    """

    model_config = SettingsConfigDict(env_prefix="CLASSPULSE_", env_file=".env", extra="ignore", env_ignore_empty=True)

    slack_token: SecretStr = SecretStr("")
    smtp_host: str = ""
    smtp_from: str = ""
    smtp_user: str = ""
    smtp_password: SecretStr = SecretStr("")
    smtp_password_file: Path | None = None
    smtp_tls: bool | None = None

    @property
    def smtp_address(self) -> tuple[str, int]:
        """The mail server's host and port."""
        host, _, port = self.smtp_host.partition(":")
        return host, int(port or SMTP_PORT)

    def smtp_secret(self) -> str:
        """Returns the password: of the file where one is named.

        Raises:
            OSError: The file cannot be read.
        """
        if self.smtp_password_file:
            return self.smtp_password_file.read_text(encoding="utf-8").rstrip("\n")
        return self.smtp_password.get_secret_value()
