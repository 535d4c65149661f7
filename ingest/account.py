"""What became of a log's lines, in words: each was published or skipped, and is accounted for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

from ingest.formats.log import Log
from ingest.replay import Published

SKIPPED_SHOWN: Final = 20


def lines(log: Log, done: Published) -> Iterator[str]:
    """Yields what was published, by topic, what is counted for no student, what was left out, and what was skipped."""
    total = sum(done.sent.values())
    yield f"published {total - done.failed:,} of {len(log.entries):,} events in {done.seconds:.1f} s"
    for name, count in done.sent.most_common():
        yield f"  {name}: {count:,}"
    if done.ticks:
        yield f"closed with {done.ticks} ticks"
    for remark, count in Counter(entry.remark for entry in log.entries if entry.remark).most_common():
        yield f"{count:,} rows {remark}: kept in events, counted for no student"
    for why, count in log.uncounted.most_common():
        yield f"{count:,} records not published: {why}"
    yield from skipped(log)


def skipped(log: Log) -> Iterator[str]:
    """Yields how many lines could not be read, the first of them with the reason, the others by their place."""
    yield f"skipped {len(log.skipped):,} unreadable lines"
    for name, item in log.skipped[:SKIPPED_SHOWN]:
        yield f"  {name}:{item.line}: {item.why}"
    if len(log.skipped) > SKIPPED_SHOWN:
        yield f"  and {', '.join(f'{name}:{item.line}' for name, item in log.skipped[SKIPPED_SHOWN:])}"
