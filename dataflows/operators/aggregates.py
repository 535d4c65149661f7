"""Aggregates: what a window says of its events. Every one is exact, in any order and in any batches.

Numbers are taken to three decimals and added as whole thousandths, so that a sum does not hang on the order of its
parts; a number beyond ±10⁹ is left out, so that millions of them still fit. What an event does not say is left out too:
`Sum("score")` adds the scores that there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from dataflows.operators.segments import Ints

SCALE: Final = 1000
LARGEST: Final = 1_000_000_000
NO_NUMBER: Final = np.iinfo(np.int64).min
"""In place of a number that an event does not say."""

NUMBER_FIELDS: Final = frozenset(
    {
        "score",
        "price",
        "duration",
        "time_taken",
        "position_s",
        "video_duration_s",
        "playback_rate",
        "scroll_depth",
        "from_s",
        "to_s",
    }
)
"""The fields of an event that are numbers; `Last` of any other column is a text."""

MOST_STORED: Final = 1000
"""So many values of `TopK` are written of a task, window and key: the view adds up the tasks and takes the first k."""


def fixed_point(numbers: npt.NDArray[np.float64]) -> Ints:
    """Returns numbers as whole thousandths, `NO_NUMBER` for what is none (NaN, infinite, beyond `LARGEST`).

    Example:
        >>> fixed_point(np.array([1.5, -0.0004, 2e9])).tolist() == [1500, 0, NO_NUMBER]
        True
    """
    usable = np.abs(numbers) <= LARGEST
    thousandths: Ints = np.rint(np.where(usable, numbers, 0.0) * SCALE).astype(np.int64)
    return np.where(usable, thousandths, NO_NUMBER)


@dataclass(frozen=True, slots=True)
class Count:
    """How many events."""


@dataclass(frozen=True, slots=True)
class Sum:
    """The sum of a number; 0 where no event says one."""

    column: str


@dataclass(frozen=True, slots=True)
class Min:
    """The lowest of a number; null where no event says one."""

    column: str


@dataclass(frozen=True, slots=True)
class Max:
    """The highest of a number; null where no event says one."""

    column: str


@dataclass(frozen=True, slots=True)
class Distinct:
    """How many different texts."""

    column: str


@dataclass(frozen=True, slots=True)
class Last:
    """The last text or number by event time, and in a second column `<name>_at` when that was.

    Of events of one instant the later in the log counts.
    """

    column: str


@dataclass(frozen=True, slots=True)
class TopK:
    """The texts that most events say, most frequent first, ties in the order of the texts: `[["map", 3], ["pi", 1]]`.

    Attributes:
        column: The column of the texts.
        k: How many are shown.

    Raises:
        ValueError: Where `k` is not between 1 and `MOST_STORED`.
    """

    column: str
    k: int = 10

    def __post_init__(self) -> None:
        """Checks k."""
        if not 1 <= self.k <= MOST_STORED:
            text = f"k must lie between 1 and {MOST_STORED}, not {self.k}"
            raise ValueError(text)


Aggregate = Count | Sum | Min | Max | Distinct | Last | TopK

NUMBERS: Final = (Sum, Min, Max)

NEUTRAL: Final[dict[type, int]] = {Sum: 0, Min: np.iinfo(np.int64).max, Max: np.iinfo(np.int64).min}
REDUCE: Final[dict[type, np.ufunc]] = {Sum: np.add, Min: np.minimum, Max: np.maximum}


def column_of(aggregate: Aggregate) -> str | None:
    """Returns the column that an aggregate reads; None for `Count`."""
    return None if isinstance(aggregate, Count) else aggregate.column


def reads_number(aggregate: Aggregate) -> bool:
    """Whether the column of an aggregate is a number.

    Example:
        >>> reads_number(Last("score")), reads_number(Last("page_url"))
        (True, False)
    """
    return isinstance(aggregate, NUMBERS) or (isinstance(aggregate, Last) and aggregate.column in NUMBER_FIELDS)


def amounts(aggregate: Aggregate, numbers: Ints) -> Ints:
    """Returns what each event adds to `Sum`, `Min` or `Max`: the neutral value where it says no number."""
    neutral = NEUTRAL[type(aggregate)]
    return np.where(numbers == NO_NUMBER, neutral, numbers)


def shown(aggregate: Aggregate, values: Ints) -> npt.NDArray[np.float64]:
    """Returns reduced thousandths as numbers; NaN where no event said one."""
    numbers = values / SCALE
    if not isinstance(aggregate, Sum):
        numbers[values == NEUTRAL[type(aggregate)]] = np.nan
    return numbers


def ranked(group: Ints, code: Ints, count: Ints, texts: Sequence[str], groups: int) -> list[list[tuple[str, int]]]:
    """Returns, for each of `groups`, its texts by count, the most frequent first, then in the order of the texts.

    Args:
        group: Groups 0 … `groups` − 1, shape (n,).
        code: Codes of texts; a pair of group and code comes once.
        count: How often.
        texts: Texts by code.
        groups: How many groups.

    Example:
        >>> ranked(np.array([0, 0, 0]), np.array([0, 1, 2]), np.array([1, 3, 1]), ["pi", "map", "e"], 1)
        [[('map', 3), ('e', 1), ('pi', 1)]]
    """
    used, at = np.unique(code, return_inverse=True)
    named = [texts[c] for c in used.tolist()]
    place = np.empty(len(named), np.int64)
    place[sorted(range(len(named)), key=named.__getitem__)] = np.arange(len(named))
    order = np.lexsort((place[at], -count, group))
    out: list[list[tuple[str, int]]] = [[] for _ in range(groups)]
    for where, text, number in zip(group[order].tolist(), at[order].tolist(), count[order].tolist(), strict=True):
        out[where].append((named[text], number))
    return out


_NAMES: Final[dict[str, type[Aggregate]]] = {
    "count": Count,
    "sum": Sum,
    "min": Min,
    "max": Max,
    "distinct": Distinct,
    "last": Last,
    "top": TopK,
}


def parse(text: str) -> Aggregate:
    """Returns the aggregate that a text declares.

    Args:
        text: `count`, `sum:COLUMN`, `min:COLUMN`, `max:COLUMN`, `distinct:COLUMN`, `last:COLUMN`, `top:COLUMN` or
            `top:COLUMN:K`.

    Raises:
        ValueError: Where it declares none.

    Example:
        >>> parse("distinct:student_id"), parse("top:metadata.query:3")
        (Distinct(column='student_id'), TopK(column='metadata.query', k=3))
    """
    name, *given = text.split(":")
    make = _NAMES.get(name)
    if make is Count and not given:
        return Count()
    if make is TopK and len(given) == 2 and given[1].isdecimal():
        return TopK(given[0], int(given[1]))
    if make is None or make is Count or len(given) != 1 or not given[0]:
        message = (
            f"{text!r} is no aggregate: say count, sum:score, distinct:student_id, last:page_url or top:page_url:5"
        )
        raise ValueError(message)
    return make(given[0])  # type: ignore[call-arg]
