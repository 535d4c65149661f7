"""What an erasure cannot reach into: Kafka's topics, the disks of gateways, and workers' recovery stores."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from confluent_kafka import KafkaException
from confluent_kafka.admin import ConfigResource, ResourceType  # type: ignore[attr-defined]

from dataflows.kafka.topics import ADMIN_TIMEOUT_S, ALL_TOPICS, CLICKSTREAM_ALIAS, admin_client
from dataflows.settings import Settings
from privacy.records import records_of
from privacy.spellings import spellings

BLOCK: Final = 1 << 20


@dataclass(slots=True)
class InTopic:
    """What a topic still holds of students.

    Attributes:
        records: How many records.
        last_ms: When the last of them came, epoch milliseconds.
        until: When its retention has deleted them; `for ever`, or `unknown` where nobody may ask.
    """

    records: int = 0
    last_ms: int = 0
    until: str = "unknown"

    @property
    def said(self) -> dict[str, Any]:
        """Returns it for the receipt."""
        return {"records": self.records, "until": self.until}


def in_topics(settings: Settings, student_ids: list[str], progress: Callable[[int, int], None]) -> dict[str, InTopic]:
    """Returns what topics hold of students, by topic; they forget it by their retention, not before.

    Raises:
        TopicError: Kafka does not answer.
    """
    names = [settings.topic_prefix + name for name in (*ALL_TOPICS, CLICKSTREAM_ALIAS)]
    found: dict[str, InTopic] = {}
    for record in records_of(settings, names, frozenset(student_ids), progress):
        topic = found.setdefault(record.topic, InTopic())
        topic.records += 1
        topic.last_ms = max(topic.last_ms, record.appended_ms)
    for name, kept_ms in _retentions(settings, list(found)).items():
        gone = datetime.fromtimestamp(found[name].last_ms / 1000, UTC) + timedelta(milliseconds=max(0, kept_ms))
        found[name].until = gone.isoformat(timespec="seconds") if kept_ms >= 0 else "for ever"
    return found


def _retentions(settings: Settings, names: list[str]) -> dict[str, int]:
    if not names:
        return {}
    resources = [ConfigResource(ResourceType.TOPIC, name) for name in names]
    kept: dict[str, int] = {}
    admin = admin_client(settings)  # it must outlive the answers
    for resource, future in admin.describe_configs(resources).items():
        try:
            kept[str(resource.name)] = int(future.result(ADMIN_TIMEOUT_S)["retention.ms"].value)
        except KafkaException:
            continue  # not allowed to ask
    return kept


def files_with(folder: Path, student_ids: list[str]) -> list[Path]:
    """Returns the files of a folder that hold an id, in any spelling."""
    wanted = [text.encode() for student_id in student_ids for text in spellings(student_id)]
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()] if folder.is_dir() else []
    return [path for path in files if _holds(path, wanted)]


def _holds(path: Path, wanted: list[bytes]) -> bool:
    overlap, before = max(map(len, wanted)), b""
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            whole = before + block
            if any(text in whole for text in wanted):
                return True
            before = whole[-overlap:]
    return False


def delete_stores(settings: Settings, flows: list[str]) -> int:
    """Deletes the recovery stores of flows that lie here; their workers go on from what the rebuild has left them.

    Returns:
        How many there were.
    """
    gone = 0
    for flow in flows:
        for store in (settings.recovery_dir / flow, *settings.recovery_dir.glob(f".{flow}-*")):
            if store.is_dir():
                shutil.rmtree(store)
                gone += 1
    return gone
