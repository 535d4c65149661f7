"""The `memory` flow brought to where the archive has come, by the archive: what it had not read when Kafka was lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import psycopg

from dataflows.archive import flow as archive
from dataflows.batch import Records, TaskBatch
from dataflows.claim import Claim, Seed
from dataflows.memory import flow as memory
from dataflows.memory.steps import FLOW
from dataflows.operators import snapshot
from dataflows.rebuild.history import archived, tick_at
from dataflows.rebuild.spec import Counted
from dataflows.settings import Settings
from dataflows.sink.freshness import Freshness
from dataflows.sink.progress import claim_task, load_seed, save_seed
from dataflows.sink.writer import Writer

Publish = Callable[[str, list[tuple[bytes, bytes]]], None]


def remember_unread(
    settings: Settings, connection: psycopg.Connection[Any], publish: Publish, progress: Counted
) -> int:
    """Takes what the archive holds beyond a task's offsets as a worker would, and leaves the state after that.

    Each write is a worker's: a crash loses nothing of it. `rebuild memory` has left the states to begin with.

    Args:
        settings: Database, models, limits.
        connection: The database.
        publish: Publishes recommendations of reviews that fall due.
        progress: Called with the events read so far, and with how many there are of those tasks that were looked at.

    Returns:
        How many events it read.
    """
    url = settings.database_url.get_secret_value()
    topics = [settings.topic(topic) for topic in (*memory.TOPICS, *memory.OPTIONAL_TOPICS)]
    writer, done, total = Writer(url, FLOW, Freshness(), publish, lambda: True), 0, 0
    kept = connection.execute(
        "SELECT task, offsets, watermarks, cluster_id, topic_ids FROM task_progress WHERE flow = %s ORDER BY task",
        (archive.FLOW,),
    ).fetchall()
    try:
        for task, offsets, marks, cluster_id, topic_ids in kept:
            claim, seed = claim_task(url, FLOW, task), load_seed(url, FLOW, task)
            same = claim.cluster_id == cluster_id and all(topic_ids.get(t) == i for t, i in claim.topic_ids.items())
            begin = {topic: claim.offsets.get(topic, 0) if same else 0 for topic in topics if topic in offsets}
            behind = {topic: offsets[topic] for topic, start in begin.items() if start < offsets[topic]}
            if not behind or seed is None:
                continue
            total += sum(end - begin[topic] for topic, end in behind.items())
            reader = _Reader(settings, task, claim, begin, seed, writer)
            for read in reader.read(connection, behind, marks):
                done += read
                progress(done, total)
            save_seed(connection, FLOW, task, reader.seed())
    finally:
        writer.close()
    return done


class _Reader:
    """One task's operators, and how far it has come."""

    def __init__(  # noqa: PLR0913
        self, settings: Settings, task: int, claim: Claim, begin: dict[str, int], seed: Seed, writer: Writer
    ) -> None:
        self._settings, self._task, self._claim, self._offsets, self._writer = (
            settings,
            task,
            claim,
            dict(begin),
            writer,
        )
        self._position = seed.position
        self._operators = {step_id: make(task) for step_id, make in memory.steps(settings).items()}
        for step_id, operator in self._operators.items():
            if step_id in seed.states:  # one that an older version left lacks newer steps
                operator.restore(snapshot.loads(seed.states[step_id]))

    def read(self, connection: psycopg.Connection[Any], upto: dict[str, int], marks: dict[str, int]) -> Iterator[int]:
        """Reads each topic up to an offset; yields how many events each batch held."""
        for topic, end in upto.items():
            for piece in archived(connection, topic, self._task, end, start=self._offsets[topic]):
                self._offsets[topic] = piece.next_offset
                self._step(piece.records)
                yield len(piece.records.offsets)
            self._offsets[topic] = end
            if topic in marks:
                self._step(tick_at(topic, self._task, end, marks[topic]))

    def seed(self) -> Seed:
        """Returns the state as it is now."""
        states = {step_id: snapshot.dumps(operator.state()) for step_id, operator in self._operators.items()}
        places = {"offsets": dict(self._offsets), "written": dict(self._offsets)}
        return Seed({**self._position, **places, "generation": self._claim.generation}, states)

    def _step(self, records: Records) -> None:
        batch = TaskBatch(
            task=self._task,
            generation=self._claim.generation,
            floor={},
            records=[records],
            offsets=dict(self._offsets),
            flush=True,
            topic_ids=self._claim.topic_ids,
            cluster_id=self._claim.cluster_id,
            live_from_ms=1 << 62,
            claimed=self._claim.offsets,
            erased=self._claim.erased,
        )
        item = memory.decode(batch, self._settings)
        for operator in self._operators.values():
            item = operator.process(item)
        self._writer.write_batch([(str(self._task), changes) for changes in memory.gather(item)])
