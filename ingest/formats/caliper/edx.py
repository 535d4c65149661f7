"""Caliper as Open edX writes it: three events of one answer, a player that `Started` when it had loaded."""

from __future__ import annotations

from ingest.formats.adapter import Skipped
from ingest.formats.caliper.entities import Entity, entity, type_of
from ingest.formats.caliper.names import READY, TOLD_TWICE
from ingest.formats.fields import dict_in, text_in
from ingest.formats.platform_ids import edx_block


def is_of_edx(said: Entity) -> bool:
    """Says whether Open edX made an event of its tracking log."""
    version = dict_in(said.get("extensions")).get("transformerVersion")
    return isinstance(version, str) and version.startswith("event-routing-backends")


def name_of_edx(said: Entity, kind: str, action: str) -> str | Skipped | None:
    """Returns what an event is where type and action do not tell it; None where they do."""
    target = entity(said.get("object"))
    if kind in {"AssessmentEvent", "AssessmentItemEvent"}:
        return Skipped(TOLD_TWICE)
    if kind == "MediaEvent" and action == "Started":
        return Skipped(READY)
    if kind == "MediaEvent":
        return "video_stop" if action == "Ended" and "currentTime" in entity(said.get("target")) else None
    if kind == "Event" and action == "Viewed" and type_of(target) == "Annotation":
        return "quiz_show_answer" if target.get("name") == "Solution" else "quiz_hint"
    elsewhere = kind == "NavigationEvent" and _leads_elsewhere(target)
    return "button_click" if elsewhere else {"GradeEvent": "quiz_submit"}.get(kind)


def _leads_elsewhere(target: Entity) -> bool:
    """Says whether a step loads another page, whose view is told by itself: a link, a step beyond a sequence's end."""
    address = text_in(target.get("id")) or ""
    if edx_block(address, "sequential") is None or "/jump_to/" in address:
        return True
    step = dict_in(target.get("extensions"))
    at, tabs, way = step.get("current_tab"), step.get("tab_count"), step.get("target")
    return (way == "next unit" and at == tabs) or (way == "previous unit" and at == 1)
