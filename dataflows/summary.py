"""What one run of a flow did with what it read: written by each worker at its end, added up by `classpulse run`."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import msgspec
from prometheus_client import Counter

from dataflows import metrics


@dataclass(slots=True)
class Summary:
    """One flow's account; what was read was either kept, or rejected, late, repeated or withheld.

    Attributes:
        flow: Its name.
        read: Records, ticks left out.
        late: Events that came after what they belong to was final; `archive` keeps them all the same.
        repeated: Records of an event that was counted already.
        withheld: Consents, and events of students who have withdrawn theirs or were erased.
        rejected: Records by the reason for which they are no events.
        examples: An example of each reason, with its place in the log.
    """

    flow: str
    read: int = 0
    late: int = 0
    repeated: int = 0
    withheld: int = 0
    rejected: dict[str, int] = field(default_factory=dict)
    examples: dict[str, str] = field(default_factory=dict)

    @property
    def refused(self) -> int:
        """How many were rejected."""
        return sum(self.rejected.values())

    @property
    def kept(self) -> int:
        """How many were counted, or stored."""
        return self.read - self.refused - self.late - self.repeated - self.withheld

    def add(self, other: Summary) -> None:
        """Adds what another process of the flow did."""
        self.read += other.read
        self.late += other.late
        self.repeated += other.repeated
        self.withheld += other.withheld
        for reason, count in other.rejected.items():
            self.rejected[reason] = self.rejected.get(reason, 0) + count
        self.examples = other.examples | self.examples

    @classmethod
    def of_process(cls, flow: str) -> Summary:
        """Returns what this process did."""
        rejected: dict[str, int] = {}
        for labels, count in _samples(metrics.EVENTS_REJECTED, flow):
            rejected[labels["reason"]] = rejected.get(labels["reason"], 0) + count
        return cls(
            flow,
            read=_total(metrics.EVENTS_CONSUMED, flow) - _total(metrics.TICKS_CONSUMED, flow),
            late=_total(metrics.LATE_EVENTS, flow),
            repeated=_total(metrics.DUPLICATES, flow),
            withheld=_total(metrics.WITHHELD, flow),
            rejected=rejected,
            examples=dict(metrics.examples),
        )


def write(folder: Path, flow: str, process: int) -> None:
    """Writes what this process did, for `read_all`."""
    (folder / f"{flow}.{process}.json").write_bytes(msgspec.json.encode(Summary.of_process(flow)))


def read_all(folder: Path) -> list[Summary]:
    """Returns the account of each flow whose processes wrote theirs."""
    found: dict[str, Summary] = {}
    for path in sorted(folder.glob("*.json")):
        part = msgspec.json.decode(path.read_bytes(), type=Summary)
        if part.flow in found:
            found[part.flow].add(part)
        else:
            found[part.flow] = part
    return list(found.values())


def _samples(counter: Counter, flow: str) -> list[tuple[dict[str, str], int]]:
    return [
        (sample.labels, int(sample.value))
        for family in counter.collect()
        for sample in family.samples
        if sample.name.endswith("_total") and sample.labels.get("flow") == flow
    ]


def _total(counter: Counter, flow: str) -> int:
    return sum(count for _labels, count in _samples(counter, flow))
