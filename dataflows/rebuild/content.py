"""`classpulse rebuild content`: sessions, visits, views, milestones and day counts made again from the past."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from dataflows.content import flow as content
from dataflows.content.steps import FLOW
from dataflows.rebuild.late_content import CONTENT_LATE
from dataflows.rebuild.spec import RebuildSpec

TIMES: Final = {
    "sessions_open": "session_start",
    "sessions_closed": "session_start",
    "chapter_visit_facts": "start_time",
    "video_views": "start_time",
    "milestones": "event_time",
    "student_click_days": "day",
    "page_days": "day",
}
"""The tables of the flow, and their time columns."""

PAST: Final = RebuildSpec(
    flow=FLOW,
    module=content,
    tables=tuple(TIMES),
    times=TIMES,
    older="EXISTS (SELECT 1 FROM sessions_closed s WHERE s.task = kept.partition "
    "AND s.session_start < kept.first_kept)",
    # A session may have begun a day before what happens in it.
    reach=dict.fromkeys(("sessions_open", "sessions_closed", "chapter_visit_facts", "video_views"), timedelta(days=1)),
    late=CONTENT_LATE,
)
