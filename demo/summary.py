"""What a demo says at its end: the figures, where the data is, what to try next."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from demo.home import Home, own_command
from demo.stats import Freshness

TABLES = (
    "events",
    "dead_letters",
    "activity_windows",
    "engagement_scores",
    "student_state",
    "student_days",
    "sessions_open",
    "sessions_closed",
    "chapter_visit_facts",
    "video_views",
    "quiz_attempts",
    "memory_state",
    "enrolments",
    "classes",
)


@dataclass(slots=True)
class Summary:
    """The demo in figures; the fields of `as_dict` are fixed in the contract.

    Attributes:
        events_in: Event records published, history included, ticks not.
        events_rejected: Records in `dead_letters`.
        rows: Rows by table.
        freshness: Append time to committed row, of live records.
        database: `timescaledb` or `postgresql`.
        broker: Which broker it was.
        live_s: Seconds that it was live.
        started_s: Seconds from start to the first live number.
        history: Of `events_in`, those of the days before.
        live_page: Where the live page was.
    """

    events_in: int
    events_rejected: int
    rows: dict[str, int]
    freshness: Freshness
    database: str
    broker: str
    live_s: float = 0.0
    started_s: float | None = None
    history: int = 0
    live_page: str = ""
    extra: dict[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Returns the JSON object of `--json`."""
        return {
            "events_in": self.events_in,
            "events_rejected": self.events_rejected,
            "rows": self.rows,
            "freshness_p50_s": self.freshness.p50,
            "freshness_p99_s": self.freshness.p99,
            "database": self.database,
            "broker": self.broker,
            "freshness_max_s": self.freshness.worst,
            "freshness_count": self.freshness.count,
            "events_history": self.history,
            "live_page": self.live_page,
            "seconds_live": round(self.live_s, 1),
            "seconds_to_live": None if self.started_s is None else round(self.started_s, 1),
            **self.extra,
        }


def count_rows(connection: psycopg.Connection[Any]) -> dict[str, int]:
    """Returns the number of rows of each table that a demo fills."""
    counts = {}
    for table in TABLES:
        row = connection.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))).fetchone()
        counts[table] = int(row[0]) if row else 0
    return counts


def kind(connection: psycopg.Connection[Any]) -> str:
    """Returns `timescaledb` where the extension is in use, else `postgresql`."""
    row = connection.execute("SELECT count(*) FROM pg_extension WHERE extname = 'timescaledb'").fetchone()
    return "timescaledb" if row and row[0] else "postgresql"


def sentences(summary: Summary, home: Home) -> list[str]:
    """Returns the closing lines, with rich markup."""
    fresh = summary.freshness
    command = own_command()
    rows = summary.rows
    figures = (
        f"[bold]{summary.events_in:,}[/] events in, {summary.events_rejected:,} rejected with a reason, "
        f"{rows.get('events', 0):,} stored, of which {summary.history:,} were sent as history"
    )
    if fresh.p99 is None:
        measured = "freshness was not measured: no live record was written"
    else:
        measured = (
            f"freshness (append → committed row): p50 [bold]{fresh.p50:.2f} s[/], p99 [bold]{fresh.p99:.2f} s[/], "
            f"worst {fresh.worst:.2f} s over {fresh.count:,} live records"
        )
    lines = [figures, measured, ""]
    if home.kept:
        root = home.root
        where = root.relative_to(Path.cwd()) if root.is_relative_to(Path.cwd()) else root
        lines += [
            f"The data stays in [bold]{where}[/] until the next demo. Open it with psql:",
            f"    [cyan]{command} demo --psql[/]",
            f"    [cyan]echo 'TABLE active_now' | {command} demo --psql[/]",
            "",
        ]
    lines += [
        "Try next:",
        f"    [cyan]{command} demo --seconds 600 --rate 1000[/]   longer, twice as busy",
        "    [cyan]make services[/]   real Kafka and PostgreSQL on this machine, for `run`, `replay` and `simulate`",
    ]
    if Path("docker-compose.yml").exists():
        lines.append("    [cyan]make up[/]         all of it with Grafana, in containers")
    return [*lines, "    docs/demo.md, docs/architecture.md: how it works"]
