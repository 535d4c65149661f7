"""The table at the end of a run: what each flow read, kept and refused, and what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from dataflows.events.rejects import Reason
    from dataflows.summary import Summary


def mostly_refused(summary: Summary) -> bool:
    """Says whether more than half of what a flow read was rejected."""
    return summary.refused * 2 > summary.read


def show(found: list[Summary]) -> None:
    """Prints the account of each flow, then each reason once, with an example and what to do."""
    from rich.console import Console
    from rich.table import Table

    held_back = any(one.withheld for one in found)
    columns = ("flow", "read", "kept", "rejected", "late", "repeated", *(("withheld",) if held_back else ()))
    table = Table(*columns, box=None, pad_edge=False)
    for column in table.columns[1:]:
        column.justify = "right"
    for one in found:
        counts = (one.read, one.kept, one.refused, one.late, one.repeated, *((one.withheld,) if held_back else ()))
        table.add_row(one.flow, *(f"{count:,}" for count in counts))
    # off a terminal nothing is wrapped: a reason must be found by its words
    console = Console(soft_wrap=True)
    console.print(table)
    for line in reasons(found):
        console.print(line, markup=False, highlight=False)


def reasons(found: list[Summary]) -> list[str]:
    """Returns the reasons for which records were rejected, the most frequent first, in lines.

    Flows read the same topics: of each reason the flow with the most counts.
    """
    from dataflows.events.rejects import REMEDIES

    most: dict[str, tuple[int, str]] = {}
    for one in found:
        for reason, count in one.rejected.items():
            if count > most.get(reason, (0, ""))[0]:
                most[reason] = (count, one.examples.get(reason, ""))
    lines = []
    for reason, (count, example) in sorted(most.items(), key=lambda item: -item[1][0]):
        lines += [f"rejected, {reason}: {count:,}, such as {example}", f"  → {REMEDIES[cast('Reason', reason)]}"]
    for one in found:
        if mostly_refused(one):
            lines.append(f"{one.flow}: more than half of what was read was rejected. The records lie in dead_letters.")
    return lines
