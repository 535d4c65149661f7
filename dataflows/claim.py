"""What a worker is given with a task: what the database holds of it, and what a rebuild has left for it.

The source asks for it and the sink's tables answer, so both know these types and neither knows the other.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from dataflows.batch import Settled
from dataflows.errors import UserError

SNAPSHOT_VERSION: Final = 5
"""The version of what snapshots and seeds hold: a worker that does not know it refuses them."""
READABLE_VERSIONS: Final = frozenset({4, SNAPSHOT_VERSION})
"""Those that this code goes on from: what has another form in 4 is converted where it is restored."""


class RefusedError(UserError):
    """The log and what the database or the snapshot remembers of it do not fit; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What claiming a task returned.

    Attributes:
        generation: The generation under which this worker writes.
        offsets: Offsets that the database holds (`task_progress.offsets`); empty before the first commit.
        cluster_id: The cluster that those offsets belong to, or an empty string.
        topic_ids: The topics' ids at that time.
        settled: How far the task's time had come.
        bases: Where the topics' present era begins (`dataflows.eras`); none where Kafka was never lost.
        partitions: How many partitions a topic had when any flow last wrote results of it.
        erased: By what students are known who were erased.
    """

    generation: int
    offsets: dict[str, int]
    cluster_id: str
    topic_ids: dict[str, str]
    bases: dict[str, int] = field(default_factory=dict)
    settled: Settled = field(default_factory=Settled)
    partitions: dict[str, int] = field(default_factory=dict)
    erased: frozenset[bytes] = frozenset()

    def places(self, offsets: dict[str, int]) -> dict[str, int]:
        """Returns the places of a broker's offsets."""
        return {topic: offset + self.bases.get(topic, 0) for topic, offset in offsets.items()}

    def has_left(self, position: dict[str, Any]) -> bool:
        """Whether the database has moved on to another log since a snapshot was taken, or to a new era of the same."""
        if not self.cluster_id:
            return False
        if any(place < self.bases.get(topic, 0) for topic, place in position["offsets"].items()):
            return True
        others = [t for t, known in position["topic_ids"].items() if self.topic_ids.get(t, known) != known]
        return bool(others) or position["cluster_id"] != self.cluster_id


@dataclass(frozen=True, slots=True)
class Seed:
    """Where a rebuild has come with one task, so that a worker goes on from there without a snapshot of its own.

    Attributes:
        position: As `TaskPartition.snapshot` gives it.
        states: Snapshots of the operators by step id.
    """

    position: dict[str, Any]
    states: dict[str, bytes]


def after_loss(flow: str) -> str:
    """Returns what to do about a flow whose last commits the database has lost."""
    if flow == "lake":
        return "Start it again: it reads on from where the database ends, and what it had written beyond is swept."
    if flow == "archive":
        return (
            "Delete the recovery store of archive and start it again: it reads on from where the database ends. Then "
            "`classpulse rebuild` the flows that refuse to start."
        )
    return (
        f"Let archive catch up, delete the recovery store of {flow}, run `classpulse rebuild {flow}`, and start it "
        "again."
    )
