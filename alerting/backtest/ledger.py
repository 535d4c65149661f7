"""What backtests found, kept beside the rules: what goes out at once must have been tried and kept its budget."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from alerting.backtest.budget import A_LESSON, A_WEEK
from alerting.limits import Limits
from alerting.queries import names
from alerting.rules.rule import Rule

LEDGER: Final = Path(__file__).parent / "results.json"
HISTORIES: Final = ("simulated", "moodle")
"""What is tried that goes out at once: simulated weeks, and a real log."""
DIGESTS: Final = {"forgetting_risk": ("quizzes", "oulad")}
"""Digests that are tried likewise, on a simulated school's quizzes and real ones, asked once a day."""
BEGIN: Final = "<!-- backtested: begin -->"
END: Final = "<!-- backtested: end -->"


@dataclass(frozen=True, slots=True)
class Result:
    """What a rule would have sent over a history.

    Attributes:
        rule: Its name.
        history: One of `HISTORIES`.
        fingerprint: Of what was tried: its condition in words, its limits and its times.
        lessons: How many there were.
        teachers: How many people.
        messages: Messages that call.
        a_lesson: Messages a class and lesson: most, p95, mean.
        a_week: Messages a teacher and week: likewise.
        right: How many messages came while something was wrong that the rule is for; None where nobody knows.
        wrong: What the others came from, by kind.
        happened: How often something was wrong for ten minutes or more that the rule is for.
        found: How many of these it called for.
    """

    rule: str
    history: str
    fingerprint: str
    lessons: int
    teachers: int
    messages: int
    a_lesson: tuple[int, int, float]
    a_week: tuple[int, int, float]
    right: int | None = None
    wrong: dict[str, int] | None = None
    happened: int | None = None
    found: int | None = None

    @property
    def is_kept(self) -> bool:
        """Whether it stayed within what may go out at once."""
        return self.a_lesson[0] <= A_LESSON and self.a_week[0] <= A_WEEK


def fingerprint(rule: Rule) -> str:
    """Returns what tells one version of a rule from another: its condition in words, its limits and its times.

    That its SQL does what the words say is held by other tests, so that it may be written anew.
    """
    limits = Limits(_env_file=None).model_dump()
    reported = {name: limits[name] for name in sorted(names(rule.name)) if name in limits}
    said = f"{rule.when}/{reported}/{rule.every_s}/{rule.for_s}/{rule.keep_s}"
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def unproven(rules: Iterable[Rule], results: Iterable[Result]) -> list[str]:
    """Returns why rules may not go out: one line for each history without a result within the budget."""
    kept = {(result.rule, result.history, result.fingerprint): result.is_kept for result in results}
    found = []
    for rule in rules:
        for history in HISTORIES if rule.severity == "push" else DIGESTS.get(rule.name, ()):
            known = kept.get((rule.name, history, fingerprint(rule)))
            if known is None:
                found.append(f"{rule.name}: no backtest over {history} as it is now: run `make bench-alerts`")
            elif not known:
                found.append(f"{rule.name}: beyond its budget over {history}: {_remedy(rule)}")
    return found


def _remedy(rule: Rule) -> str:
    return "make it a digest, or guard it better" if rule.severity == "push" else "guard it better"


def read(path: Path = LEDGER) -> list[Result]:
    """Returns the kept results."""
    rows: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    return [Result(**row | {"a_lesson": tuple(row["a_lesson"]), "a_week": tuple(row["a_week"])}) for row in rows]


def write(results: Iterable[Result], path: Path = LEDGER) -> None:
    """Keeps results."""
    path.write_text(json.dumps([asdict(result) for result in results], indent=1) + "\n", encoding="utf-8")


def documented(text: str, results: Iterable[Result]) -> str:
    """Returns the page with the table between its two marks written anew."""
    before, rest = text.split(BEGIN, 1)
    return f"{before}{BEGIN}\n{table(results)}{END}{rest.split(END, 1)[1]}"


def table(results: Iterable[Result]) -> str:
    """Returns the results as a table."""
    head = (
        "| rule | history | messages | a class and lesson: most, p95, mean | a teacher and week: most, p95, mean | "
        "right | called for |\n|---|---|---|---|---|---|---|\n"
    )
    return head + "".join(map(_line, results))


def _line(result: Result) -> str:
    where = f"{result.history}, {result.lessons:,} lessons, {result.teachers} teachers"
    lesson, week = (f"{s[0]}, {s[1]}, {s[2]:.3f}" for s in (result.a_lesson, result.a_week))
    others = "".join(f", {kind} {count}" for kind, count in sorted((result.wrong or {}).items()))
    right = "" if result.right is None else f"{result.right} of {result.messages}{others}"
    found = "" if result.happened is None else f"{result.found} of {result.happened}"
    return f"| `{result.rule}` | {where} | {result.messages:,} | {lesson} | {week} | {right} | {found} |\n"
