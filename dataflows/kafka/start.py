"""Where a task starts to read, and every reason to refuse: the log must be the one that the results are of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dataflows.claim import READABLE_VERSIONS, SNAPSHOT_VERSION, Claim, RefusedError, after_loss
from dataflows.kafka.log import ANOTHER_LOG, MOVE_ON, LogFacts

_READ_AGAIN = (
    "Stop all workers and run `classpulse adopt --lost-end`: results stay as the archive holds them, and the topics "
    "are read again from their beginning; what is known of them counts once."
)


@dataclass(frozen=True, slots=True)
class Start:
    """What is known of a task when it starts.

    Attributes:
        flow: The flow.
        task: The task.
        facts: The log as it is.
        claim: What the database holds of the task.
        snapshot: The source's snapshot or what a rebuild has left in its place (`position`), None at a first start.
    """

    flow: str
    task: int
    facts: LogFacts
    claim: Claim
    snapshot: dict[str, Any] | None

    def offsets(self, *, from_oldest: bool) -> dict[str, int]:
        """Returns the place of each topic that the task reads next.

        Args:
            from_oldest: Whether a first start may leave out what the log no longer has.

        Raises:
            RefusedError: Where what is written and the log do not fit; says what to do.
        """
        checks = (self._other_log, self._other_version, self._other_partitions, self._lost_commits, self._lost_topics)
        for check in checks:
            self._refuse(check())
        return {topic: self._first(topic, from_oldest=from_oldest) for topic in self.facts.topics}

    def _other_log(self) -> str | None:
        """Returns what is wrong where the cluster is another, or a topic was deleted and made again."""
        known = self.snapshot or {}
        for holder, cluster_id, topic_ids in (
            ("the database", self.claim.cluster_id, self.claim.topic_ids),
            ("the snapshot", known.get("cluster_id", ""), known.get("topic_ids", {})),
        ):
            here = self.facts.cluster_id
            if cluster_id and cluster_id != here:
                return f"{holder} holds results of Kafka cluster {cluster_id}, this is {here}. {ANOTHER_LOG}"
            for topic, topic_id in topic_ids.items():
                if self.facts.topic_ids.get(topic, topic_id) != topic_id:
                    return f"topic {topic} was deleted and made again since {holder} was written. {ANOTHER_LOG}"
        return None

    def _other_version(self) -> str | None:
        """Returns what is wrong where the snapshot's form is none that this code knows."""
        if self.snapshot is None or self.snapshot["version"] in READABLE_VERSIONS:
            return None
        return (
            "the snapshot is of another version of the code. Delete the recovery store and run "
            f"`classpulse rebuild {self.flow}`."
        )

    def _other_partitions(self) -> str | None:
        """Returns what is wrong where the partition count has changed: a student's events would be in two tasks."""
        before = {self.claim.partitions[topic] for topic in self.facts.topics if topic in self.claim.partitions}
        before |= set() if self.snapshot is None else {self.snapshot["partitions"]}
        others = before - {None, self.facts.partitions}
        if not others:
            return None
        return (
            f"the topics had {min(others)} partitions when results were last written and have now "
            f"{self.facts.partitions}: keys hash to other tasks, and students would live in two. {MOVE_ON}"
        )

    def _lost_commits(self) -> str | None:
        """Returns what is wrong where the database holds less than it did when the snapshot was taken."""
        if self.snapshot is None:
            return None
        held, written = self.claim.offsets, self.snapshot["written"]
        has_lost = any(held.get(topic, 0) < place for topic, place in written.items())
        if not has_lost and self.snapshot["generation"] < self.claim.generation:
            return None
        return (
            f"the snapshot was taken when the database held results up to {written}, now it holds {held}: it lost its "
            f"last commits, or was restored from an older backup. {after_loss(self.flow)}"
        )

    def _lost_topics(self) -> str | None:
        """Returns what is wrong where the broker no longer has a topic of which results are written."""
        gone = sorted(set(self.claim.offsets) - set(self.facts.topics))
        return (
            f"results contain topics {', '.join(gone)}, which the broker no longer has. {ANOTHER_LOG}" if gone else None
        )

    def _first(self, topic: str, *, from_oldest: bool) -> int:
        """Returns the place of a topic that is read next; refuses a log that has lost its beginning or its end."""
        low = self.claim.places(self.facts.lows(self.task))[topic]
        end = self.claim.places(self.facts.ends(self.task))[topic]
        known = None if self.snapshot is None else self.snapshot["offsets"].get(topic)
        start: int = 0 if known is None else known
        if start < low:
            may_begin_late = from_oldest and known is None and not self.claim.offsets
            self._refuse(None if may_begin_late else self._lost_beginning(topic, low, start))
            start = low
        read = max(start, self.claim.offsets.get(topic, 0))
        self._refuse(end_lost(topic, end, read) if read > end else None)
        return start

    def _lost_beginning(self, topic: str, low: int, start: int) -> str:
        return (
            f"the log of {topic} begins at offset {low}, results need {start}. Run `classpulse rebuild {self.flow}` "
            "(from the archive), or, for a first start that may ignore what came before, "
            f"`classpulse run {self.flow} --from-oldest`."
        )

    def _refuse(self, why: str | None) -> None:
        if why is not None:
            text = f"{self.flow} task {self.task}: {why}"
            raise RefusedError(text)


def position(facts: LogFacts, offsets: dict[str, int], written: dict[str, int], generation: int) -> dict[str, Any]:
    """Returns what a snapshot says of the log: how far a task has read and, of that, written, and of which log.

    Args:
        facts: The log.
        offsets: How far the task has read.
        written: How far it has written.
        generation: The generation under which it did; that of a rebuild is newer than any snapshot before it.
    """
    return {
        "version": SNAPSHOT_VERSION,
        "generation": generation,
        "offsets": offsets,
        "written": written,
        "cluster_id": facts.cluster_id,
        "topic_ids": dict(facts.topic_ids),
        "partitions": facts.partitions,
    }


def end_lost(topic: str, end: int, read: int) -> str:
    """Returns what to do about a log that ends before what was read of it."""
    return (
        f"{topic} ends at offset {end}, but offset {read} was already read: another log, or one that has lost its end. "
        f"{_READ_AGAIN}"
    )


def end_replaced(topic: str, read: int | None) -> str:
    """Returns what to do about a log that lost its end and has grown again since."""
    return (
        f"{topic} has lost its end (a broker that was behind became its leader) and may have grown again: what was "
        f"read before offset {read} is not what it holds now. {_READ_AGAIN}"
    )
