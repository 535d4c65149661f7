"""`classpulse rebuild engagement`: the live pipeline over the past, compared with and put in place of the tables."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from psycopg import sql

from dataflows.engagement import flow as engagement
from dataflows.engagement.steps import FLOW
from dataflows.flows import named
from dataflows.rebuild.late_engagement import ENGAGEMENT_LATE
from dataflows.rebuild.shadow import SHADOW
from dataflows.rebuild.spec import RebuildSpec
from dataflows.scores.engagement import STREAK_REACH_DAYS

REBUILT: Final = named(FLOW).tables

_KEEP_CLASSES: Final = sql.SQL(
    # The event that told a score's class may no longer be in the archive.
    "UPDATE {}.engagement_scores s SET class_id = l.class_id FROM public.engagement_scores l "
    "WHERE s.time = l.time AND s.student_id = l.student_id AND s.class_id IS NULL"
).format(sql.Identifier(SHADOW))

PAST: Final = RebuildSpec(
    flow=FLOW,
    module=engagement,
    tables=REBUILT,
    times={
        "activity_windows": "window_start",
        "engagement_scores": "time",
        "student_days": "day",
        "student_day_classes": "day",
    },
    older="EXISTS (SELECT 1 FROM activity_windows w WHERE w.task = kept.partition AND w.scope = 'all' "
    "AND w.window_start < date_trunc('minute', kept.first_kept))",
    reach={"engagement_scores": timedelta(days=STREAK_REACH_DAYS)},
    adopt=(_KEEP_CLASSES,),
    late=ENGAGEMENT_LATE,
)
