"""What every client of Kafka shares: its settings, and one voice for all when Kafka goes and when it is back."""

from __future__ import annotations

import logging
import sys
import threading
import time
from typing import TYPE_CHECKING, Any, Final

import structlog
from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient

if TYPE_CHECKING:
    from dataflows.settings import Settings

ASK_EVERY_S: Final = 1.0
ANSWER_S: Final = 3.0
RECONNECT_MS: Final = 1000
REST_S: Final = 2.0
_GONE: Final = {
    KafkaError._ALL_BROKERS_DOWN,
    KafkaError._TRANSPORT,
    KafkaError._AUTHENTICATION,
    KafkaError._SSL,
    KafkaError._RESOLVE,
}


def client_config(settings: Settings, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - properties of any kind
    """Returns the properties of a client whose own lines are silent and whose errors are told once for all clients.

    Args:
        settings: How Kafka is reached.
        more: Further properties, with `_` for `.`.
    """
    further = {name.replace("_", "."): value for name, value in more.items()}
    shared = {"logger": quiet_logger(), "error_cb": availability(settings).on_error}
    return {**settings.kafka_config(), **shared, **further}


def quiet_logger() -> logging.Logger:
    """Returns the logger for librdkafka's own lines, a dozen a second while Kafka is away.

    It is silent unless somebody configures `librdkafka`.
    """
    logger = logging.getLogger("librdkafka")
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())
    logger.propagate = False
    return logger


class Availability:
    """Whether Kafka answers, said once a change and not once a client, a broker and an attempt.

    A client's error is only a reason to ask: it may be old, or of one connection or one broker of several. All brokers
    down is said by a client once, perhaps while one that is shutting down still answers, so every lost connection is
    such a reason. While Kafka does not answer it is asked each second, by a thread that lives as long.
    """

    def __init__(self, settings: Settings) -> None:
        """Asks nothing yet."""
        self._settings = settings
        self._lock = threading.Lock()
        self._asking = False
        self._answered_s = float("-inf")
        self._reason = ""

    def on_error(self, error: KafkaError) -> None:
        """Takes what a client says; librdkafka calls it while the client is polled."""
        if error.code() != KafkaError._ALL_BROKERS_DOWN:  # that one only says that all have gone, and not why
            self._reason = error.str()
        if error.code() in _GONE:
            with self._lock:
                if not self._asking and time.monotonic() - self._answered_s >= REST_S:
                    self._asking = True
                    threading.Thread(target=self._ask, name="kafka-availability", daemon=True).start()

    def _ask(self) -> None:
        began_s, said = time.monotonic(), False
        quick: dict[str, Any] = {"logger": quiet_logger(), "reconnect.backoff.max.ms": RECONNECT_MS}
        client = AdminClient({**self._settings.kafka_config(), **quick})
        while not _answers(client):
            if not said:
                said = True
                _tell("Kafka unavailable, retrying", at=self._settings.kafka_bootstrap_servers, reason=self._reason)
            time.sleep(ASK_EVERY_S)
        if said:
            _tell("Kafka is back", after_s=round(time.monotonic() - began_s))
        with self._lock:
            self._asking, self._answered_s = False, time.monotonic()


def _answers(client: AdminClient) -> bool:
    try:
        return bool(client.list_topics(timeout=ANSWER_S).brokers)
    except KafkaException:
        return False


def _tell(event: str, **facts: object) -> None:
    """Logs in a worker; in a command, whose output is for people or for a pipe, writes a line to standard error."""
    if structlog.is_configured():
        log = structlog.get_logger()
        (log.info if "back" in event else log.warning)(event, **facts)
    else:
        sys.stderr.write(f"{event}: {', '.join(f'{name} {fact}' for name, fact in facts.items())}\n")
        sys.stderr.flush()


_availabilities: Final[dict[str, Availability]] = {}


def availability(settings: Settings) -> Availability:
    """Returns the one watch of this process over the brokers of these settings."""
    return _availabilities.setdefault(settings.kafka_bootstrap_servers, Availability(settings))
