"""What a learning alert is: one object, from which Grafana's rule, its message and its line in the docs come."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

from alerting.limits import Limits
from alerting.queries import load

Severity = Literal["push", "digest"]
Flow = Literal["engagement", "content", "memory"]

_NAMED: Final = re.compile(r"\[(\w+)\]")


@dataclass(frozen=True)
class Rule:
    """One learning alert.

    Its SQL gives a row a class (and further ids) at every evaluation: the ids, `firing` (boolean), the numbers of its
    words, `as_of`, and `behind`, the seconds by which its flow lags. While that is too much it gives no row at all,
    for no class, and Grafana keeps every state that it had (of one class that were missing it would say: resolved).

    Attributes:
        name: The stable id; the SQL is in `queries/<name>.sql`.
        title: What a reader calls it.
        when: When it fires, in one sentence for the docs.
        severity: `push` goes out at once, `digest` once a day.
        summary: The message's title; `[name]` is an id or a number of the row, the rest may be Go's template language.
        description: The message's text, likewise.
        numbers: Columns of numbers that the words need.
        reasons: Why it is over, by the value of column `reason`.
        ids: Columns that tell one alert from another.
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
    reasons: tuple[str, ...] = ("The numbers are well again.",)
    ids: tuple[str, ...] = ("class_id",)
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

    @property
    def asked(self) -> tuple[str, ...]:
        """The columns that Grafana asks for, the condition first."""
        return ("firing", *self.numbers, "reason", "as_of")

    def rows(self, limits: Limits) -> str:
        """Returns the SQL that gives all columns."""
        return load(self.name, **limits.model_dump())

    def statement(self, column: str, limits: Limits) -> str:
        """Returns the SQL that gives one column as a number under the ids, as Grafana sends it."""
        value = f"q.{column}::double precision"
        if column == "firing":
            value = "q.firing::integer::double precision"
        if column == "as_of":
            value = "to_char(q.as_of AT TIME ZONE classpulse_timezone(), 'HH24MISS')::double precision"
        ids = ", ".join(f"q.{name}" for name in self.ids)
        held = f"\nWHERE q.behind <= {limits.lag_stalled_s}" if column == "firing" else ""
        return f"SELECT {ids}, {value} AS value\nFROM (\n{self.rows(limits)}\n) q{held}"

    def words(self, text: str) -> str:
        """Returns a text of the rule in Grafana's template language.

        Example:
            >>> Rule("a", "", "", "push", "", "", ("idle",)).words("[class_id]: [idle]")
            '{{ $labels.class_id }}: {{ printf "%.0f" $values.idle.Value }}'
        """
        return _NAMED.sub(lambda match: self._value(match[1]), text)

    def _value(self, name: str) -> str:
        if name in self.ids:
            return f"{{{{ $labels.{name} }}}}"
        if name == "as_of":
            return '{{ reReplaceAll "(..)(..)(..)" "$1:$2:$3" (printf "%06.0f" $values.as_of.Value) }}'
        if name not in self.asked:
            message = f"{self.name}: its words name [{name}], which is no column"
            raise ValueError(message)
        return f'{{{{ printf "%.0f" $values.{name}.Value }}}}'

    def over(self) -> str:
        """Returns why it is over, in Grafana's template language."""
        first, *others = self.reasons
        cases = "".join(
            f"{{{{ else if eq $values.reason.Value {number}.0 }}}}{text}" for number, text in enumerate(others, 2)
        )
        return self.words(f"{{{{ if eq $values.reason.Value 1.0 }}}}{first}{cases}{{{{ end }}}}") if others else first
