"""The table of learning alerts in docs/alerts.md."""

from __future__ import annotations

from typing import Final

from alerting.rules import RULES
from alerting.rules.rule import Rule

BEGIN: Final = "<!-- learning: begin -->"
END: Final = "<!-- learning: end -->"


def documented(text: str) -> str:
    """Returns the page with the table between its two marks written anew."""
    before, rest = text.split(BEGIN, 1)
    return f"{before}{BEGIN}\n{table()}{END}{rest.split(END, 1)[1]}"


def table() -> str:
    """Returns the table of all rules.

    Example:
        >>> "Many are idle" in table()
        True
    """
    head = "| alert | to | how | fires when | for | repeated after |\n|---|---|---|---|---|---|\n"
    return head + "".join(map(_line, RULES))


def _line(rule: Rule) -> str:
    lasting = f"{rule.for_s // 60} min" if rule.for_s else "at once"
    return f"| {rule.title} | {rule.audience} | {rule.severity} | {rule.when} | {lasting} | {rule.repeat} |\n"
