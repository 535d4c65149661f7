"""The chances of a deployment's own logs: counted on the part that may be learnt from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from dataflows.stuck import rules

PRIOR_CALLS: Final = 10
LEAST_LISTED: Final = 20
LEAST_SHARE: Final = 0.25
Z: Final = 1.0


@dataclass(frozen=True, slots=True)
class Tuned:
    """What was learnt.

    Attributes:
        chances: By kind, in thousandths.
        least: Calls of a lower chance are not listed.
        counted: By kind: how many calls there were, how many of them truly stuck.
    """

    chances: dict[str, int] = field(default_factory=lambda: dict(rules.CHANCES))
    least: int = 0
    counted: dict[str, tuple[int, int]] = field(default_factory=dict)


def counted_chances(calls: Iterable[tuple[str, bool]]) -> Tuned:
    """Returns the chance of each kind: what was counted, drawn to the chances that come with us as if by ten calls.

    Args:
        calls: Kind of each call, and whether it was truly stuck.

    Example:
        >>> tuned = counted_chances([("hints", True)] * 10)
        >>> tuned.chances["hints"], tuned.chances["wrong_answers"], tuned.counted["hints"]
        (725, 500, (10, 10))
    """
    counted = dict.fromkeys(rules.KINDS, (0, 0))
    for kind, stuck in calls:
        n, hits = counted[kind]
        counted[kind] = (n + 1, hits + stuck)
    chances = {
        kind: round((1000 * hits + PRIOR_CALLS * rules.CHANCES[kind]) / (n + PRIOR_CALLS))
        for kind, (n, hits) in counted.items()
    }
    return Tuned(chances, 0, {kind: both for kind, both in counted.items() if both[0]})


def least_chance(entries: list[tuple[int, bool]]) -> int:
    """Returns from which chance on calls are best listed: where precision, less one standard error, is highest.

    At least a quarter of the entries, and 20, must stay; else nothing is left out.

    Args:
        entries: Chance of each listed entry in thousandths, and whether it was truly stuck.

    Example:
        >>> least_chance([(300, False)] * 30 + [(600, True)] * 30), least_chance([(300, False)] * 5)
        (600, 0)
    """
    needed = max(LEAST_LISTED, LEAST_SHARE * len(entries))
    best, least = -1.0, 0
    for limit in sorted({chance for chance, _ in entries} | {0}):
        kept = [stuck for chance, stuck in entries if chance >= limit]
        if len(kept) < needed:
            break
        share = (sum(kept) + 1) / (len(kept) + 2)
        lower = share - Z * (share * (1 - share) / (len(kept) + 2)) ** 0.5
        if lower > best + 1e-9:
            best, least = lower, limit
    return least
