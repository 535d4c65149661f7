"""`classpulse bench engines`: every contender over the same log, in turns, and what each of them cost."""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psycopg

from bench.engines import measured
from bench.engines.contenders import CONTENDERS, Contender, Task
from bench.engines.log import Log, Rows, joined, publish, read
from bench.engines.output import Output
from bench.stack import Stack, machine, stack
from local.managed_server import PartMissingError

ENGINE_CORE: Final = 0
BROKER_CORE: Final = 1
QUIET_S: Final = 12.0
"""An engine that has taken all events and then writes nothing for so long has written what it will."""
LIMIT_S: Final = 900.0
FIGURES: Final = ("us_per_event", "events_per_core_s", "dropped_late", "exact")
ENGAGEMENT: Final = Contender("ClassPulse", "engagement, everything on", list, lambda _task: [])


@dataclass
class Turn:
    """One run of one contender.

    Attributes:
        us: CPU microseconds an event once warm.
        first_s: Seconds from its start to its first row.
        late: What it says it has dropped as late, where it says so.
        exact: Whether its rows are those of the independent reading.
        wrong: How many rows differ.
        memory_mb: The most memory that it had.
        broker_us: The broker's CPU an event meanwhile.
    """

    us: float
    first_s: float | None
    late: int | None
    exact: bool | None
    wrong: int
    memory_mb: float
    broker_us: float


@dataclass
class Bench:
    """The servers and the log of a measurement."""

    servers: Stack
    log: Log
    warm: int
    _number: int = 0
    _idle_s: float = 0.0

    def turn(self, contender: Contender, command: list[str]) -> Turn:
        """Runs a contender once, from nothing."""
        self._number += 1
        settings = self.servers.settings("log.")
        with tempfile.TemporaryDirectory(dir=self.servers.folder) as name:
            folder = Path(name)
            output = Output(settings, f"rows-{self._number}", contender.read)
            task = Task(
                self.servers.kafka.bootstrap,
                self.log.topic,
                f"rows-{self._number}",
                folder / "state",
                self.warm,
                self.log.events,
            )
            env = self.servers.environment("log.") | {"PYTHONPATH": str(Path(__file__).parents[2])}
            before = measured.cpu_s(self._broker)
            began = time.monotonic()
            process = measured.start([*command, *contender.arguments(task)], env, folder, ENGINE_CORE)
            try:
                return self._follow(contender, process, output, began, before)
            finally:
                process.end()
                output.close()

    def _follow(
        self, contender: Contender, process: measured.Measured, output: Output, began: float, broker_s: float
    ) -> Turn:
        said: list[dict[str, Any]] = []
        marks: dict[int, float] = {}
        first: float | None = None
        grew, used = time.monotonic(), 0.0
        while True:
            runs = process.look()
            if output.grows(0.05):
                first = first or time.monotonic() - began
                grew, used = time.monotonic(), process.used_s
            said += process.lines()
            marks = {one["events"]: one["cpu_s"] for one in said if "events" in one}
            if not runs:
                used = process.used_s
                while output.grows(1.0):
                    first = first or time.monotonic() - began
                break
            took = max(marks, default=0) >= self.log.events
            ended = took and not contender.ends and time.monotonic() - grew > QUIET_S
            if ended or time.monotonic() - began > LIMIT_S:
                break
        broker_us = (measured.cpu_s(self._broker) - broker_s) * 1e6 / self.log.events
        process.end()
        said += process.lines()
        used = next((float(one["done_cpu_s"]) for one in said if "done_cpu_s" in one), used)
        late = next((int(one["late"]) for one in reversed(said) if "late" in one), None)
        warm = [at for at in marks if at < self.log.events]
        if not warm or max(marks) < self.log.events:
            text = f"{contender.name} ended early: {_last_words(process.said.with_name('errors'))}"
            raise RuntimeError(text)
        found = {key: row for key, row in joined(output.rows, self.log.horizon_ms).items() if row[0]}
        wrong = differences(self.log.rows, found)
        return Turn(
            us=(used - marks[warm[0]]) * 1e6 / (self.log.events - warm[0]),
            first_s=first,
            late=late,
            exact=wrong == 0 if contender.writes else None,
            wrong=wrong,
            memory_mb=process.most_mb,
            broker_us=broker_us,
        )

    @property
    def _broker(self) -> int:
        return int(self.servers.kafka.state()["pid"])

    def engagement(self) -> Turn:
        """Runs the whole flow once, into a database, and compares the rows of its table."""
        self._number += 1
        database = f"turn_{self._number}"
        self.servers.database(database)
        before = measured.cpu_s(self._broker)
        stats = self._run_flow("log.", database)
        broker_us = (measured.cpu_s(self._broker) - before) * 1e6 / self.log.events
        with psycopg.connect(self.servers.postgres.url(database)) as connection:
            rows = connection.execute(
                "SELECT (extract(epoch FROM window_start) * 1000)::bigint, scope, scope_id, events, active_students"
                " FROM activity WHERE scope IN ('all', 'class') AND events > 0"
            ).fetchall()
        self._drop(database)
        found: Rows = {(s, scope, i): (int(e), int(a)) for s, scope, i, e, a in rows if s < self.log.horizon_ms}
        wrong = differences(self.log.rows, found)
        us = (stats["cpu_s"] - self._idle_s) * 1e6 / self.log.events
        return Turn(us, None, stats["late"], wrong == 0, wrong, stats["peak_mb"], broker_us)

    def start_engagement(self) -> None:
        """Measures what a worker costs that finds nothing: interpreter, imports, claims, an empty snapshot."""
        self.servers.topics("empty.")
        self.servers.database("empty")
        self._idle_s = self._run_flow("empty.", "empty")["cpu_s"]
        self._drop("empty")

    def _run_flow(self, prefix: str, database: str) -> dict[str, Any]:
        env = self.servers.environment(prefix, database)
        with tempfile.TemporaryDirectory(dir=self.servers.folder) as name:
            command = [sys.executable, "-m", "cli.main", "run", "engagement", "--until-caught-up"]
            process = measured.start(command, env, Path(name), ENGINE_CORE)
            code = process.process.wait(LIMIT_S)
            if code:
                text = f"engagement ended with {code}: {_last_words(Path(name) / 'errors')}"
                raise RuntimeError(text)
        stats: dict[str, Any] = json.loads(Path(f"{env['CLASSPULSE_STATS_FILE']}.engagement.0").read_text())
        return stats

    def _drop(self, database: str) -> None:
        with psycopg.connect(self.servers.postgres.url("postgres"), autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {database} WITH (FORCE)")


def differences(wanted: Rows, found: Rows) -> int:
    """Returns how many rows are missing, wrong or too many.

    Example:
        >>> differences({(0, "all", "all"): (2, 1)}, {(0, "all", "all"): (2, 2), (0, "class", "7A"): (1, 1)})
        2
    """
    return sum(wanted.get(key) != found.get(key) for key in wanted.keys() | found.keys())


def measure(
    *, events: int, seconds: float, rounds: int, only: tuple[str, ...] = (), at: Callable[[int, int, str], None]
) -> dict[str, Any]:
    """Runs the comparison.

    Args:
        events: Events of the log.
        seconds: How long the log is, in event time.
        rounds: How often each engine runs, in turns; the slow ones run once.
        only: Engines that take part, by name; none: all.
        at: Takes how many runs are done, of how many, and a line on each step.
    """
    done, runs = 0, 0

    def progress(text: str) -> None:
        at(done, runs, text)

    def note(contender: Contender, turn: Turn) -> None:
        nonlocal done
        done += 1
        turns.setdefault(contender.name, []).append(turn)
        rows = {None: "no rows", True: "exact", False: f"{turn.wrong} rows differ"}[turn.exact]
        progress(f"{contender.name}: {turn.us:.2f} µs an event, {rows}")

    turns: dict[str, list[Turn]] = {}
    flow = not only or "ClassPulse" in only
    chosen = [one for one in CONTENDERS if not only or one.engine in only]
    commands, missing = prepare(chosen, progress)
    runs = sum(1 if one.slow else rounds for one in chosen if one.name in commands) + flow * rounds
    with stack() as servers:
        measured.pin(int(servers.kafka.state()["pid"]), BROKER_CORE)
        settings = servers.settings("log.")
        servers.topics("log.")
        topic = settings.topic("clickstream_events")
        progress(f"publishing {events:,} events of {seconds:,.0f} s, and reading them for the answer")
        publish(settings, topic, events, events / seconds)
        bench = Bench(servers, read(settings, topic), events * 2 // 5)
        before = machine()
        if flow:
            bench.start_engagement()
        for number in range(rounds):
            for contender in chosen:
                if contender.name in commands and not (contender.slow and number):
                    try:
                        note(contender, bench.turn(contender, commands[contender.name]))
                    except RuntimeError as error:  # the others are worth their table all the same
                        del commands[contender.name]
                        missing[contender.name] = str(error).splitlines()[-1]
                        progress(str(error))
            if flow:
                note(ENGAGEMENT, bench.engagement())
    lines = [ENGAGEMENT, *chosen] if flow else chosen
    return {
        "machine": before,
        "events": events,
        "seconds": seconds,
        "late": bench.log.late,
        "rounds": rounds,
        "engines": [line(one, turns.get(one.name, []), missing.get(one.name)) for one in lines],
    }


def prepare(
    chosen: Sequence[Contender], progress: Callable[[str], None]
) -> tuple[dict[str, list[str]], dict[str, str]]:
    """Gets the contenders' parts; returns their commands, and why others cannot take part."""
    commands: dict[str, list[str]] = {}
    missing: dict[str, str] = {}
    for contender in chosen:
        progress(f"getting ready: {contender.name}")
        try:
            commands[contender.name] = contender.prepare()
        except PartMissingError as error:
            missing[contender.name] = str(error)
            progress(f"left out: {contender.name}: {error}")
    return commands, missing


def line(contender: Contender, turns: list[Turn], missing: str | None) -> dict[str, Any]:
    """Returns one line of the table: medians of a contender's turns."""
    found: dict[str, Any] = {"engine": contender.engine, "variant": contender.variant}
    if missing is not None or not turns:
        return found | dict.fromkeys(FIGURES) | {"left_out": missing or "it was not run"}
    us = statistics.median(turn.us for turn in turns)
    firsts = [turn.first_s for turn in turns if turn.first_s is not None]
    lates = [turn.late for turn in turns if turn.late is not None]
    return found | {
        "us_per_event": round(us, 2),
        "events_per_core_s": round(1e6 / us),
        "dropped_late": lates[-1] if lates else None,
        "exact": None if turns[0].exact is None else all(turn.exact for turn in turns),
        "rows_wrong": max(turn.wrong for turn in turns) if turns[0].exact is not None else None,
        "memory_mb": round(statistics.median(turn.memory_mb for turn in turns)),
        "first_result_s": round(statistics.median(firsts), 1) if firsts else None,
        "broker_us_per_event": round(statistics.median(turn.broker_us for turn in turns), 2),
        "each_round_us": [round(turn.us, 2) for turn in turns],
    }


def _last_words(file: Path) -> str:
    return file.read_text(errors="replace")[-2000:] if file.exists() else "it said nothing"
