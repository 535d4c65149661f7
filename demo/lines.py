"""The demo without a terminal: one plain line every few seconds."""

from __future__ import annotations

from demo.reader import Snapshot
from demo.view import Status


def line(snapshot: Snapshot, status: Status) -> str:
    """Returns the present picture as one line without colours."""
    school = snapshot.school
    score = "-" if school.score is None else f"{school.score:.0f}"
    fresh = "-" if snapshot.fresh_s is None else f"{snapshot.fresh_s:.1f} s"
    newest = snapshot.latest[0] if snapshot.latest else None
    last = f"  last: {newest.who} ({newest.class_id or newest.place}): {newest.did}" if newest else ""
    return (
        f"{snapshot.read_at:%H:%M:%S}  active {school.active:,}  idle {school.idle:,}  absent {school.absent:,} "
        f"of {school.enrolled:,}  engagement {score}  {status.rate:,.0f} events/s  fresh {fresh}{last}"
    )
