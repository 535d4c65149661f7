"""How the past of a declared flow is read again: all of it follows from the declaration."""

from __future__ import annotations

from datetime import timedelta

from dataflows.operators.flow import WindowedFlow
from dataflows.rebuild.spec import RebuildSpec


def past_of(flow: WindowedFlow) -> RebuildSpec:
    """Returns how a declared flow is rebuilt.

    Its windows are those of live: late events stay out, for each is judged by the watermark that it met when it came.
    """
    # Names of a declaration are identifiers in small letters.
    first = "kept.first_kept" if flow.time == "window_end" else f"kept.first_kept - interval '{flow.window.size_ms} ms'"
    older = f"EXISTS (SELECT FROM {flow.table} w WHERE w.task = kept.partition AND w.{flow.time} < {first})"  # noqa: S608
    return RebuildSpec(
        flow=flow.name,
        module=flow,
        tables=(flow.table,),
        times={flow.table: flow.time},
        older=older,
        reach={flow.table: timedelta(milliseconds=flow.window.size_ms)},
    )
