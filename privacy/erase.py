"""Students erased: from every table, result and state, for good; one batch, and a receipt of it.

First they are put on the list that every flow consults, so nothing of theirs comes back from what Kafka holds. Their
rows go; what was computed with them is computed again by the flows' own rebuilds, which fence workers as always and
leave each task's state for its next worker. At the end the whole database is searched for their ids.

Broken off anywhere, it is run again: each part finds what is left to do.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import psycopg

from api.settings import ApiSettings
from dataflows import flows
from dataflows.lake.erase import Erased as OfLake
from dataflows.lake.erase import erase as erase_from_lake
from dataflows.lake.store import Store
from dataflows.rebuild.spec import Counted
from dataflows.settings import Settings
from dataflows.sink.connection import APPLICATION, connect
from dataflows.sink.progress import claim_task
from db.access import audit
from db.refresh import refresh
from privacy import digests, kept, receipt, rows
from privacy.search import columns, search
from privacy.spellings import ids_of

Note = Callable[[str], Counted]
"""Tells a person what is done next; returns what is told how far that is."""


@dataclass(slots=True)
class Erased:
    """What was done.

    Attributes:
        students: How many students were asked for.
        rows: Deleted rows by table.
        mentions: Rows of others out of which an id was taken, by table.
        renamed: Rows of the audit that name a digest now.
        rebuilt: By flow, from when on its results are without them; None: from the log's beginning.
        topics: What Kafka's topics still hold; None where they were not searched.
        stores: Recovery stores that were deleted here.
        waiting: Files of a gateway's spool here that still hold an id.
        lake_files: Files of the lake that were written again.
        lake_rows: How many events and records went from them.
        searched: How many columns were searched at the end.
        left: Rows in which an id was found then, by column.
    """

    students: int
    rows: Counter[str] = field(default_factory=Counter)
    mentions: Counter[str] = field(default_factory=Counter)
    renamed: int = 0
    rebuilt: dict[str, datetime | None] = field(default_factory=dict)
    topics: dict[str, kept.InTopic] | None = None
    stores: int = 0
    waiting: int = 0
    lake_files: int = 0
    lake_rows: int = 0
    searched: int = 0
    left: dict[str, int] = field(default_factory=dict)

    def add_lake(self, gone: OfLake) -> None:
        """Adds what went from the lake."""
        self.lake_files += gone.files
        self.lake_rows += gone.events + gone.records

    def facts(self, settings: Settings, made_at: datetime) -> receipt.Receipt:
        """Returns what the receipt says: it names nobody."""
        return {
            "students": self.students,
            "rows_deleted": dict(sorted((+self.rows).items())),
            "rows_of_others_without_the_id": dict(sorted((+self.mentions).items())),
            "audit_rows_under_a_digest": self.renamed,
            "results_without_them_from": {
                flow: "the beginning of the log" if since is None else since.isoformat()
                for flow, since in self.rebuilt.items()
            },
            "older_aggregates": "stay as they are: they count students and name none",
            "kafka": None if self.topics is None else {name: topic.said for name, topic in self.topics.items()},
            "recovery_stores_deleted": self.stores,
            "spool_files_waiting": self.waiting,
            "lake": {"files_rewritten": self.lake_files, "rows_deleted": self.lake_rows},
            "backups_expire": receipt.backups_until(settings, made_at).isoformat(timespec="seconds"),
            "verified": {"columns_searched": self.searched, "rows_found": sum(self.left.values())},
        }


def erase_students(
    given: list[str], settings: Settings, api: ApiSettings, note: Note, *, with_topics: bool = True
) -> tuple[Erased, receipt.Receipt]:
    """Erases students; stop the workers first.

    Args:
        given: Their ids, in any spelling.
        settings: Database (as its owner), Kafka, the keys.
        api: The gateway's settings: its key of pseudonyms, its spool.
        note: Tells what is done.
        with_topics: Whether Kafka is told the list and searched.

    Returns:
        What was done, and the signed receipt of it.

    Raises:
        UserError: A key is missing.
        RefusedError: A worker has started meanwhile: stop it and run this again.
        TopicError: Kafka does not answer.
        psycopg.Error: The database does not do it.
    """
    key = receipt.key_of(settings)
    student_ids = ids_of(given, api)
    marks = dict(zip(student_ids, digests.digests_of(student_ids, settings), strict=True))
    done, url = Erased(len(given)), settings.database_url.get_secret_value()
    if with_topics:
        digests.publish(settings, marks.values())
    with connect(url, f"{APPLICATION}-erase") as connection:
        digests.add(connection, marks.values())
        _fence(connection, url)
        note("deleting rows")
        done.rows += rows.delete_rows(connection, student_ids)
        done.mentions += rows.take_out(connection, student_ids)
        done.rebuilt = _rebuild(connection, settings, note)
        done.rows += rows.delete_rows(
            connection, student_ids
        )  # what is older than the archive, and what was written since
        done.mentions += rows.take_out(connection, student_ids)
        done.renamed = rows.rename_in_audit(connection, {one: rows.mark_of(digest) for one, digest in marks.items()})
        note("lake")
        done.add_lake(erase_from_lake(connection, Store(settings), settings, student_ids))
        done.stores = kept.delete_stores(settings, [flow.name for flow in flows.FLOWS])
        done.waiting = len(kept.files_with(api.spool_dir, student_ids))
    refreshing = note("aggregates")
    refresh(url, lambda at, total, _name: refreshing(at, total))
    if with_topics:
        done.topics = kept.in_topics(settings, student_ids, note("searching topics"))
    note("searching every column")
    with connect(url, f"{APPLICATION}-erase") as connection:
        done.left, done.searched = search(connection, student_ids), len(columns(connection))
        again = erase_from_lake(connection, Store(settings), settings, student_ids)
        done.add_lake(again)  # what a worker that was fenced since had still written
        if again.files and (left := erase_from_lake(connection, Store(settings), settings, student_ids).files):
            done.left["files of the lake"] = left
        audit.record(
            connection,
            reader=connection.info.user,
            via="erase",
            what="all that is kept of students",
            student_ids=[rows.mark_of(digest) for digest in marks.values()],
        )
        connection.execute("DELETE FROM erasure_requests WHERE student_id = ANY(%s)", (student_ids,))
    return done, receipt.signed(done.facts(settings, datetime.now(UTC)), key)


def _fence(connection: psycopg.Connection[Any], url: str) -> None:
    """Claims every task, so that no worker that still runs writes what it holds of them."""
    for flow, task in connection.execute("SELECT flow, task FROM task_progress ORDER BY flow, task").fetchall():
        claim_task(url, flow, task)


def _rebuild(connection: psycopg.Connection[Any], settings: Settings, note: Note) -> dict[str, datetime | None]:
    """Computes again whatever flows have run; the archive's rows are facts by student, which are gone."""
    ran = {flow for (flow,) in connection.execute("SELECT DISTINCT flow FROM task_progress").fetchall()}
    return {
        flow.name: flow.rebuilder()(settings, note(f"rebuild {flow.name}")).covers_from
        for flow in flows.FLOWS
        if flow.name in ran and flow.can_be_rebuilt
    }
