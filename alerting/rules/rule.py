"""What a learning alert is: one object, from which Grafana's rule, its message and its line in the docs come."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from alerting.queries import load

if TYPE_CHECKING:
    from alerting.limits import Limits

Severity = Literal["push", "digest"]

WORDS: Final = "words"
"""The query whose labels are the words."""

_NAMED: Final = re.compile(r"\[(\w+)\]")
_WORD: Final = "$values.words.Labels."


@dataclass(frozen=True)
class Rule:
    """One learning alert.

    Its SQL gives a row a class (and further ids) at every evaluation: the ids, `firing` (boolean), the numbers and
    texts of its words, `as_of`, and `behind`, the seconds by which its flow lags. While that is too much it gives no
    row at all, for no class, and Grafana keeps every state (of one class that were missing it would say: resolved).

    Grafana asks it twice: for the condition under the ids, which tell one alert from another, and for the words, whose
    labels are the ids and every word. It gives an alert the values whose labels include its own, so a word may change
    and the alert is still the same (docs/alerts.md).

    Attributes:
        name: The stable id; the SQL is in `queries/<name>.sql`.
        title: What a reader calls it.
        when: When it fires, in one sentence for the docs.
        severity: `push` goes out at once, `digest` once a day.
        summary: The message's title; `[name]` is an id, a number or a text of the row, the rest may be Go's template
            language.
        description: The message's text, likewise.
        numbers: Columns of numbers that the words need; shown without decimals.
        texts: Columns of text that the words need.
        reasons: Why it is over, by the value of column `reason`.
        about: What it is about, which a message that it is over names.
        ids: Columns that tell one alert from another.
        worded: SQL that says of a row `q` whether its words are asked. Grafana compares each alert with each row of
            words: where ids are many, only rows that fire or lately did need any.
        audience: Who is called.
        every_s: Seconds between evaluations.
        for_s: Seconds for which it must hold.
        keep_s: Seconds for which it goes on after its cause is gone, so that a value that swings calls once.
        repeat: How long a message that still holds is not repeated.
        board: The board's key.
        panel: The panel's title there.
        variable: The board's variable that the class is set in; none where the board knows no classes.
    """

    name: str
    title: str
    when: str
    severity: Severity
    summary: str
    description: str
    numbers: tuple[str, ...]
    texts: tuple[str, ...] = ("class",)
    reasons: tuple[str, ...] = ("The numbers are well again.",)
    about: str = "[class]"
    ids: tuple[str, ...] = ("class_id",)
    worded: str = ""
    audience: Literal["teachers", "operators"] = "teachers"
    every_s: int = 60
    for_s: int = 0
    keep_s: int = 300
    repeat: str = "4h"
    board: str = "live_class"
    panel: str = "Who is here"
    variable: str = "class"

    @property
    def uid(self) -> str:
        """Its id in Grafana."""
        return f"classpulse-{self.name.replace('_', '-')}"

    def rows(self, limits: Limits) -> str:
        """Returns the SQL that gives all columns."""
        return load(self.name, **limits.model_dump())

    def condition(self, limits: Limits) -> str:
        """Returns the SQL that gives 1 or 0 under the ids, as Grafana sends it; no row while data stall."""
        ids = ", ".join(f"q.{name}" for name in self.ids)
        return (
            f"SELECT {ids}, q.firing::integer::double precision AS value\n"
            f"FROM (\n{self.rows(limits)}\n) q\nWHERE q.behind <= {limits.lag_stalled_s}"
        )

    def wording(self, limits: Limits) -> str:
        """Returns the SQL that gives the words as texts under the ids, as Grafana sends it.

        Its last row belongs to no alert: a query without any row would be no data for the whole rule.
        """
        ids = [f"q.{name}" for name in self.ids]
        numbers = [f"coalesce(round(q.{name}::numeric)::text, '') AS {name}" for name in (*self.numbers, "reason")]
        texts = [f"coalesce(q.{name}::text, '') AS {name}" for name in self.texts]
        as_of = "to_char(q.as_of AT TIME ZONE classpulse_timezone(), 'HH24:MI:SS') AS as_of"
        columns = [*ids, *numbers, *texts, as_of]
        where = f"\nWHERE {self.worded}" if self.worded else ""
        nobody = ", ".join("''" for _ in columns)
        return (
            f"SELECT {', '.join(columns)}, 1::double precision AS value\nFROM (\n{self.rows(limits)}\n) q{where}\n"
            f"UNION ALL SELECT {nobody}, 0"
        )

    def words(self, text: str) -> str:
        """Returns a text of the rule in Grafana's template language.

        Example:
            >>> Rule("a", "", "", "push", "", "", ("idle",)).words("[class_id]: [idle]")
            '{{ $labels.class_id }}: {{ $values.words.Labels.idle }}'
        """
        return _NAMED.sub(lambda match: self._value(match[1]), text)

    def worded_or(self, text: str, otherwise: str = "") -> str:
        """Returns the same, and another text for an alert whose words are not asked any more."""
        other = f"{{{{ else }}}}{self.words(otherwise)}" if otherwise else ""
        return f"{{{{ if $values.{WORDS} }}}}{self.words(text)}{other}{{{{ end }}}}"

    def _value(self, name: str) -> str:
        if name in self.ids:
            return f"{{{{ $labels.{name} }}}}"
        if name not in (*self.numbers, *self.texts, "as_of"):
            message = f"{self.name}: its words name [{name}], which is no column"
            raise ValueError(message)
        return f"{{{{ {_WORD}{name} }}}}"

    def over(self) -> str:
        """Returns why it is over, in Grafana's template language."""
        first, *others = self.reasons
        cases = [f'{{{{ if eq {_WORD}reason "{place}" }}}}{text}{{{{ else }}}}' for place, text in enumerate(others, 2)]
        reported = "".join(cases) + first + "{{ end }}" * len(cases)
        return self.worded_or(reported, first) if others else first


def given(name: str, text: str) -> str:
    """Returns a text that is told only where a column has a value.

    Example:
        >>> given("period", ", period [period]")
        '{{ if $values.words.Labels.period }}, period [period]{{ end }}'
    """
    return f"{{{{ if {_WORD}{name} }}}}{text}{{{{ end }}}}"
