"""The mail server: what it took, what it surely did not take, and what nobody knows."""

from __future__ import annotations

import smtplib
import ssl
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import parseaddr
from types import TracebackType
from typing import Final, Self

from alerting.delivery.grafana_settings import DeliverySettings
from dataflows.errors import UnavailableError

TIMEOUT_S: Final = 30.0
TLS_PORT: Final = 465
_PERMANENT: Final = 500


class NotSentError(Exception):
    """It was surely not sent, and may be tried again."""


class RefusedError(Exception):
    """The server does not take it, today or later; or it may have taken it, and nobody knows."""


class ServerGoneError(NotSentError, UnavailableError):
    """The mail server cannot be reached, or does not let us in."""


class Post:
    """A connection to the mail server, made anew when it was lost."""

    def __init__(self, settings: DeliverySettings) -> None:
        """Takes where and as whom; nothing is sent yet."""
        self._settings = settings
        self._server: smtplib.SMTP | None = None

    def __enter__(self) -> Self:
        """Returns itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Ends the connection."""
        self._leave()

    def send(self, message: EmailMessage) -> None:
        """Sends a message to its one recipient.

        Raises:
            NotSentError: It was not sent and may be tried again.
            RefusedError: It is refused for good, or the connection broke before the answer came.
        """
        server = self._connected()
        _, sender = parseaddr(message["From"])
        try:
            server.rset()
            _taken(*server.mail(sender))
            _taken(*server.rcpt(str(message["To"])))
        except (OSError, smtplib.SMTPException) as error:
            self._leave()
            raise NotSentError(str(error)) from error
        except UnicodeError as error:
            reason = "the address has letters that this mail server cannot be told"
            raise RefusedError(reason) from error
        try:
            _taken(*server.data(message.as_bytes(policy=SMTP)))
        except smtplib.SMTPDataError as error:
            _taken(error.smtp_code, _bytes(error.smtp_error))
        except (OSError, smtplib.SMTPException) as error:
            self._leave()
            reason = f"the connection broke before the server answered, so it may have been sent: {error}"
            raise RefusedError(reason) from error

    def _connected(self) -> smtplib.SMTP:
        if self._server is not None:
            try:
                if self._server.noop()[0] == 250:  # noqa: PLR2004 - SMTP's "all right"
                    return self._server
            except (OSError, smtplib.SMTPException):
                pass
            self._leave()
        host, port = self._settings.smtp_address
        try:
            self._server = self._new(host, port)
        except (OSError, smtplib.SMTPException) as error:
            message = f"mail server {host}:{port}: {error}"
            raise ServerGoneError(message) from error
        return self._server

    def _new(self, host: str, port: int) -> smtplib.SMTP:
        safe = ssl.create_default_context()
        at_once = port == TLS_PORT
        server = (
            smtplib.SMTP_SSL(host, port, timeout=TIMEOUT_S, context=safe)
            if at_once
            else smtplib.SMTP(host, port, timeout=TIMEOUT_S)
        )
        server.ehlo_or_helo_if_needed()
        wanted = self._settings.smtp_tls
        secured = at_once or bool(wanted or (wanted is None and server.has_extn("starttls")))
        if secured and not at_once:
            server.starttls(context=safe)
        if self._settings.smtp_user:
            if not secured and wanted is None:
                message = "it offers no TLS, so others could read the password; CLASSPULSE_SMTP_TLS=false allows that"
                raise smtplib.SMTPException(message)
            server.login(self._settings.smtp_user, self._settings.smtp_secret())
        return server

    def _leave(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None


def _taken(code: int, answer: bytes) -> None:
    """Passes where the server agreed.

    Raises:
        NotSentError: Not now.
        RefusedError: Not at all.
    """
    if code < 400:  # noqa: PLR2004 - SMTP: from here on it is no
        return
    reason = f"{code} {answer.decode(errors='replace')}"
    raise (RefusedError if code >= _PERMANENT else NotSentError)(reason)


def _bytes(text: bytes | str) -> bytes:
    return text.encode() if isinstance(text, str) else text
