"""`classpulse rebuild stuck`: episodes made again from the past."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from dataflows.rebuild.spec import RebuildSpec
from dataflows.stuck import flow as stuck
from dataflows.stuck.steps import FLOW, TABLE

TIMES: Final = {TABLE: "began_at"}

PAST: Final = RebuildSpec(
    flow=FLOW,
    module=stuck,
    tables=tuple(TIMES),
    times=TIMES,
    older="EXISTS (SELECT 1 FROM stuck_episodes s WHERE s.task = kept.partition AND s.began_at < kept.first_kept)",
    # A sitting may have begun a day before what happens in it.
    reach={TABLE: timedelta(days=1)},
)
"""Late events stay out, as live: a queue of who needs help now has no use for them."""
