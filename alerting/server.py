"""The running Grafana: where it is, as whom it is asked, and what its refusals mean."""

from __future__ import annotations

from typing import Any, Final

from grafana_client.api import GrafanaApi
from grafana_client.client import GrafanaClientError, GrafanaException, GrafanaUnauthorizedError
from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from dataflows.errors import Exit, UserError

TIMEOUT_S: Final = 60.0
_FORBIDDEN: Final = 403


class ServerError(UserError):
    """What Grafana was asked for cannot be had; the message says what to do."""


class UnreachableError(ServerError):
    """Nothing answers there."""

    exit_code = Exit.UNAVAILABLE


class ServerSettings(BaseSettings):
    """Grafana's address and who asks: a token, or a user and a password; each is read from `GRAFANA_<NAME>`."""

    model_config = SettingsConfigDict(env_prefix="GRAFANA_", env_file=".env", extra="ignore")

    url: str = ""
    token: SecretStr = SecretStr("")
    user: str = "admin"
    password: SecretStr = SecretStr("")


class Server:
    """A Grafana that can be asked.

    Attributes:
        url: Its address.
    """

    def __init__(self, settings: ServerSettings, timeout_s: float = TIMEOUT_S, organisation: int | None = None) -> None:
        """Takes where it is, how long to wait for it, and the organisation to speak to; nothing is sent yet."""
        self.url = settings.url.rstrip("/")
        token = settings.token.get_secret_value()
        credential = token or (settings.user, settings.password.get_secret_value())
        api: Any = GrafanaApi.from_url(self.url, credential=credential, timeout=timeout_s)
        if organisation is not None:
            api.client.s.headers["X-Grafana-Org-Id"] = str(organisation)
        self._client: Any = api.client

    def get(self, path: str) -> Any:  # noqa: ANN401 - whatever JSON it answers
        """Returns the answer to a path below `/api`.

        Raises:
            ServerError: It does not answer, or refuses.
        """
        return self._ask("GET", path)

    def post(self, path: str, body: dict[str, Any] | None = None) -> Any:  # noqa: ANN401
        """Posts to a path below `/api` and returns the answer.

        Raises:
            ServerError: It does not answer, or refuses.
        """
        return self._ask("POST", path, body)

    def put(self, path: str, body: dict[str, Any]) -> Any:  # noqa: ANN401
        """Puts to a path below `/api` and returns the answer.

        Raises:
            ServerError: It does not answer, or refuses.
        """
        return self._ask("PUT", path, body)

    def delete(self, path: str) -> Any:  # noqa: ANN401
        """Deletes what is at a path below `/api`.

        Raises:
            ServerError: It does not answer, or refuses.
        """
        return self._ask("DELETE", path)

    def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:  # noqa: ANN401
        try:
            return getattr(self._client, method)(path, json=body)
        except GrafanaUnauthorizedError as error:
            message = f"{self.url} does not know us: set GRAFANA_TOKEN, or GRAFANA_USER and GRAFANA_PASSWORD"
            raise ServerError(message) from error
        except GrafanaClientError as error:
            if error.status_code == _FORBIDDEN:
                message = f"{self.url} does not allow {path}: it takes the server's administrator, by name and password"
                raise ServerError(message) from error
            message = f"{self.url}{path}: {error.message}"
            raise ServerError(message) from error
        except GrafanaException as error:
            message = f"{self.url}{path}: {error.message}"
            raise ServerError(message) from error
        except OSError as error:
            message = f"{self.url} does not answer; start it, or correct GRAFANA_URL"
            raise UnreachableError(message) from error
