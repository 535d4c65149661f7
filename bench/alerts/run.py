"""What the rules that go out at once would have sent: over simulated weeks, whose truth is known, and a real log."""

from __future__ import annotations

import os

os.environ.setdefault("POLARS_MAX_THREADS", "1")

import contextlib
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import psycopg
from psycopg import sql

from alerting.backtest import ledger
from alerting.backtest.archive import Clock
from alerting.backtest.budget import Budget, Roster, Spread, budget
from alerting.backtest.ledger import Result
from alerting.backtest.messages import Message
from alerting.backtest.report import Report, reports, sent_by
from alerting.backtest.run import Backtest, Span
from alerting.backtest.scratch import scratch_server
from alerting.backtest.source import opened, span_of
from alerting.limits import Limits
from alerting.rules import RULES, learning
from alerting.times import Times
from bench.alerts import quizzes as alerts_quizzes
from bench.alerts.incidents import CALLED_BY, Chances, Incident
from bench.alerts.moodle import Course
from bench.alerts.quizzes import Quizzes
from bench.alerts.school import Store, Timetable, play, school_days
from bench.forgetting.logs import data_folder
from bench.stack import say
from dataflows.settings import Settings
from db.migrate import migrate
from local.embedded_postgres import Postgres
from simulation.faults import Faults
from simulation.school import build_school

FIRST: Final = date(2026, 3, 2)
SEED: Final = 7
CLASSES_OF_A_TEACHER: Final = 3
TEACHERS_OF_A_CLASS: Final = 2
AFTERWARDS: Final = timedelta(minutes=5)
"""So long after something was over a message about it is still right."""
LONG_MS: Final = 600_000
TOGETHER: Final = "together"
DOCS: Final = Path(__file__).parents[2] / "docs/backtests.md"
MOODLE: Final = "moodle-oop-course.csv.gz"

Row = dict[str, Any]


def measure(*, classes: int, weeks: int, data: Path | None, keep: bool) -> dict[str, Any]:
    """Returns the results of every rule that goes out at once, and of all of them together.

    Args:
        classes: Of the simulated school.
        weeks: That are simulated; from the third on rules know what is usual.
        data: The folder with the real log; that of `CLASSPULSE_DATA` where it is None.
        keep: Whether to write the results beside the rules and into docs/backtests.md.
    """
    began = time.monotonic()
    folder = data or data_folder()
    results = [*simulated(classes, weeks), *moodle(folder / MOODLE), *digests(folder)]
    if keep:
        ledger.write(results)
        DOCS.write_text(ledger.documented(DOCS.read_text(encoding="utf-8"), results), encoding="utf-8")
    say(ledger.table(results))
    return {
        "seconds": round(time.monotonic() - began),
        "unproven": ledger.unproven(RULES, results),
        "results": {f"{one.rule}/{one.history}": one.messages for one in results},
    }


def simulated(classes: int, weeks: int) -> list[Result]:
    """Returns what rules would have sent in a simulated school."""
    school = build_school(28 * classes, SEED, fast_clocks=Faults().fast_clocks)
    timetable = Timetable(school, len(school.classes) // 2)
    with archive() as (url, settings, store):
        incidents = play(store, timetable, school_days(FIRST, weeks), SEED, Chances(), Faults(), say)
        put(url, roster_of(timetable))
        return _results("simulated", url, settings, "wall", incidents)


def roster_of(timetable: Timetable) -> dict[str, list[Row]]:
    """Returns the school's roster: every class has two teachers, every teacher three classes."""
    groups = timetable.school.classes
    teachers = max(1, len(groups) * TEACHERS_OF_A_CLASS // CLASSES_OF_A_TEACHER)
    return {
        "classes": [{"class_id": g.class_id, "title": f"Class {g.class_id}", "grade": g.grade} for g in groups],
        "periods": list(timetable.periods(FIRST)),
        "terms": [{"term_id": "term", "starts": FIRST - timedelta(days=30), "ends": FIRST + timedelta(days=120)}],
        "class_staff": [
            {"class_id": g.class_id, "staff_id": f"t{(n * TEACHERS_OF_A_CLASS + k) % teachers:02d}"}
            for n, g in enumerate(groups)
            for k in range(TEACHERS_OF_A_CLASS)
        ],
        "enrolments": [
            {"student_id": s.student_id, "course_id": "all", "class_id": g.class_id} for g in groups for s in g.students
        ],
    }


def moodle(log: Path) -> list[Result]:
    """Returns what rules would have sent over a real log, with the timetable that is read off it."""
    course = Course.read(log)
    with archive() as (url, settings, store):
        say(f"{log.name}: {store.take(course.sent, course.sent[-1][1][0] + 3_600_000, tick=False):,} events")
        put(url, {"enrolments": list(course.enrolments()), "periods": list(course.periods())})
        return _results("moodle", url, settings, "data", None)


def digests(folder: Path) -> list[Result]:
    """Returns what the digest of forgetting would have told of a simulated school's quizzes, and of OULAD's."""
    return [
        _digest("quizzes", alerts_quizzes.simulated(FIRST, SEED), "wall"),
        _digest("oulad", alerts_quizzes.oulad(folder), "data"),
    ]


def _digest(history: str, quizzes: Quizzes, clock: Clock) -> Result:
    """Asks once a day, which is how often a digest goes out."""
    with archive() as (url, settings, store):
        last_ms = quizzes.sent[-1][1][0] + 30 * 86_400_000 * (clock == "data")
        say(f"{history}: {store.take(quizzes.sent, last_ms, tick=clock == 'wall'):,} quizzes")
        put(url, quizzes.roster)
        rule = replace(learning.FORGETTING, every_s=86_400)
        limits, times = Limits(_env_file=None), Times(_env_file=None)
        with scratch_server(settings) as scratch_url, Backtest([rule], limits, scratch_url, settings) as test:
            with opened(url, test.reads) as source:
                span, _whole = span_of(source, test.topics, None, None, clock)
                outcomes = test.run(source, span, _Reported(history, span))
                roster = Roster.read(source, settings.timezone)
            [report] = reports(outcomes, times, span, roster)
    reported = {(ids[1], ids[2]) for message in report.sent if message.calls for ids in message.alerts}
    truth: dict[str, Any] = {}
    if quizzes.badly:
        right = len(reported & quizzes.badly)
        wrong = {"chance": len(reported) - right} if len(reported) > right else {}
        truth = {"right": right, "wrong": wrong, "happened": len(quizzes.badly), "found": right}
    return _row(rule.name, history, ledger.fingerprint(learning.FORGETTING), report.budget, **truth)


@contextlib.contextmanager
def archive(home: Path | None = None) -> Iterator[tuple[str, Settings, Store]]:
    """Starts a database of our own with nothing in it; yields its URL, settings, and what writes its archive."""
    settings = Settings(_env_file=None)
    with tempfile.TemporaryDirectory(prefix="classpulse-bench-") as name:
        Path(name).chmod(0o711)
        with Postgres(home or Path(name) / "archive") as server:
            migrate(server.url, settings=settings, extension="never")
            store = Store(server.url, settings)
            yield server.url, settings, store
            store.close()


def put(url: str, tables: dict[str, list[Row]]) -> None:
    """Adds rows to tables."""
    with psycopg.connect(url, autocommit=True) as connection, connection.cursor() as cursor:
        for table, rows in tables.items():
            for columns in sorted({tuple(row) for row in rows}):
                names = sql.SQL(", ").join(map(sql.Identifier, columns))
                into = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), names)
                with cursor.copy(into) as copy:
                    for row in rows:
                        if tuple(row) == columns:
                            copy.write_row(tuple(row.values()))
        connection.execute("ANALYZE")


def _results(
    history: str, url: str, settings: Settings, clock: Clock, incidents: list[Incident] | None
) -> list[Result]:
    rules = [rule for rule in RULES if rule.severity == "push"]
    limits, times = Limits(_env_file=None), Times(_env_file=None)
    with scratch_server(settings) as scratch_url, Backtest(rules, limits, scratch_url, settings) as test:
        with opened(url, test.reads) as source:
            span, _whole = span_of(source, test.topics, None, None, clock)
            outcomes = test.run(source, span, _Reported(history, span))
            roster = Roster.read(source, settings.timezone)
        found = [_result(report, history, incidents) for report in reports(outcomes, times, span, roster)]
        teachers = [outcome for outcome in outcomes if outcome.rule.audience == "teachers"]
        whole = budget(sent_by(teachers, times, span), roster, span.since, span.until)
    return [*found, _row(TOGETHER, history, "", whole)]


class _Reported:
    """Says now and then how far it is."""

    def __init__(self, history: str, span: Span) -> None:
        self._history, self._span, self._said = history, span, time.monotonic()

    def __call__(self, done_s: float) -> None:
        if time.monotonic() - self._said > 30:
            self._said = time.monotonic()
            say(f"{self._history}: {self._span.since + timedelta(seconds=done_s):%Y-%m-%d %H:%M}")


def _row(rule: str, history: str, fingerprint: str, kept: Budget, **truth: Any) -> Result:  # noqa: ANN401
    def figures(spread: Spread) -> tuple[int, int, float]:
        return spread.most, spread.p95, spread.mean

    return Result(
        rule,
        history,
        fingerprint,
        kept.lessons,
        kept.teachers,
        kept.messages,
        figures(kept.a_lesson),
        figures(kept.a_week),
        **truth,
    )


def _result(report: Report, history: str, incidents: list[Incident] | None) -> Result:
    print_of = ledger.fingerprint(report.rule)
    if incidents is None:
        return _row(report.rule.name, history, print_of, report.budget)
    calls = [message for message in report.sent if message.calls]
    causes = [_causes(message, incidents) for message in calls]
    meant = {kind for kind, names in CALLED_BY.items() if report.rule.name in names}
    mine = [i for i in incidents if i.kind in meant and i.until_ms - i.from_ms >= LONG_MS]
    happened = {(i.kind, i.class_id if report.rule.audience == "teachers" else "", i.from_ms): i for i in mine}
    return _row(
        report.rule.name,
        history,
        print_of,
        report.budget,
        right=sum(bool(kinds & meant) for kinds in causes),
        wrong=dict(Counter("+".join(sorted(kinds)) or "nothing" for kinds in causes if not kinds & meant)),
        happened=len(happened),
        found=sum(any(_about(message, incident) for message in calls) for incident in happened.values()),
    )


def _causes(message: Message, incidents: Iterable[Incident]) -> set[str]:
    return {incident.kind for incident in incidents if _about(message, incident)}


def _about(message: Message, incident: Incident) -> bool:
    begins, ends = (datetime.fromtimestamp(ms / 1000, UTC) for ms in (incident.from_ms, incident.until_ms))
    return message.class_id in {"", incident.class_id} and begins <= message.at <= ends + AFTERWARDS
