"""The flows, once: name, tables, module, rebuild. Whatever lists flows takes them from here.

It imports nothing of them, so that a command line that only needs the names stays instant; `load` imports one.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from dataflows.rebuild.shadow import Report
    from dataflows.rebuild.spec import Counted, RebuildSpec
    from dataflows.settings import Settings


@dataclass(frozen=True, slots=True)
class Flow:
    """A flow that can be run.

    Attributes:
        name: Its name: of the command line, `task_progress`, the metrics' label, the consumer group, Helm's values.
        module: Where it is: a module with `TOPICS`, `steps` and the rest of `builder.Definition`, or one that holds a
            `WindowedFlow` named `flow`.
        summary: What it is for, in one line.
        tables: The tables that it alone writes; of a declared flow they follow from the declaration.
        rebuild: `module:function` that makes its tables again; None where nothing can.
        past: `module:name` of how its past is read again, where it follows from the archive.
        commit_interval: The setting that says how often it writes.
        history_interval: The setting that says how often it writes what those read who look back.
    """

    name: str
    module: str
    summary: str = ""
    tables: tuple[str, ...] = ()
    rebuild: str | None = None
    past: str | None = None
    commit_interval: str = "commit_interval_s"
    history_interval: str = "history_interval_s"

    @property
    def is_declared(self) -> bool:
        """Whether it is a `WindowedFlow`, of which everything follows from its declaration."""
        return not self.tables

    @property
    def can_be_rebuilt(self) -> bool:
        """Whether `classpulse rebuild` can make its tables again."""
        return self.is_declared or self.rebuild is not None or self.past is not None

    def load(self) -> Any:  # noqa: ANN401
        """Returns the flow: its module, or its `WindowedFlow`, whose table the sink then knows."""
        module = importlib.import_module(self.module)
        if not self.is_declared:
            return module
        from dataflows.sink.tables import declare  # noqa: PLC0415 (imported when called)

        for table in module.flow.tables:
            declare(table)
        return module.flow

    def load_past(self) -> RebuildSpec | None:
        """Returns how its past is read again; None where it does not follow from the archive alone."""
        if self.past is not None:
            past: RebuildSpec = _named(self.past)
            return past
        if not self.is_declared:
            return None
        from dataflows.rebuild.windowed import past_of  # noqa: PLC0415

        return past_of(self.load())

    def rebuilder(self) -> Callable[..., Report]:
        """Returns what makes its tables again: called with settings, progress and `dry_run`."""
        if self.rebuild is not None:
            found: Callable[..., Report] = _named(self.rebuild)
            return found
        from dataflows.rebuild.flow import rebuild  # noqa: PLC0415

        past = self.load_past()
        if past is None:
            text = f"{self.name} cannot be rebuilt"
            raise ValueError(text)

        def again(settings: Settings, progress: Counted, *, dry_run: bool = False) -> Report:
            return rebuild(past, settings, progress, dry_run=dry_run)

        return again


FLOWS: Final = (
    Flow(
        "engagement",
        "dataflows.engagement.flow",
        "Who is active where, live scores, states and days.",
        ("activity_windows", "student_state", "engagement_scores", "student_days", "student_day_classes"),
        past="dataflows.rebuild.engagement:PAST",
    ),
    Flow(
        "archive",
        "dataflows.archive.flow",
        "Every event and reject; who is enrolled.",
        ("events", "dead_letters", "enrolments", "course_activity"),
    ),
    Flow(
        "content",
        "dataflows.content.flow",
        "Where students' time goes: sessions, chapters, videos, pages.",
        (
            "sessions_open",
            "sessions_closed",
            "chapter_visit_facts",
            "late_chapter_visits",
            "video_views",
            "milestones",
            "student_click_days",
            "page_days",
        ),
        past="dataflows.rebuild.content:PAST",
        commit_interval="content_commit_interval_s",
    ),
    Flow(
        "memory",
        "dataflows.memory.flow",
        "Quiz attempts, forgetting curves, revisions that fall due.",
        ("quiz_attempts", "learning_events", "memory_reviews", "memory_state", "revision_signal_facts"),
        rebuild="dataflows.rebuild.memory:rebuild_memory",
    ),
    Flow(
        "stuck",
        "dataflows.stuck.flow",
        "Who looks stuck on what, since when, by what evidence.",
        ("stuck_episodes",),
        past="dataflows.rebuild.stuck:PAST",
    ),
    Flow(
        "lake",
        "dataflows.lake.flow",
        "Every record as files that outlive the database, and their manifest.",
        ("lake_files",),
        history_interval="lake_file_s",
    ),
)


def names() -> tuple[str, ...]:
    """Returns the flows' names.

    Example:
        >>> names()[:2]
        ('engagement', 'archive')
    """
    return tuple(flow.name for flow in FLOWS)


def named(name: str) -> Flow:
    """Returns a flow.

    Raises:
        KeyError: Where there is none of that name.
    """
    for flow in FLOWS:
        if flow.name == name:
            return flow
    raise KeyError(name)


def pasts() -> dict[str, RebuildSpec]:
    """Returns, by name, how the flows that follow from the archive are read again."""
    found = {flow.name: flow.load_past() for flow in FLOWS}
    return {name: past for name, past in found.items() if past is not None}


def _named(place: str) -> Any:  # noqa: ANN401
    module, _, name = place.partition(":")
    return getattr(importlib.import_module(module), name)
