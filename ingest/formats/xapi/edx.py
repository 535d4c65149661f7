"""Statements as Open edX writes them: several of one answer, and steps that lead to a page of their own."""

from __future__ import annotations

from typing import Any, Final

from ingest.formats.adapter import Skipped
from ingest.formats.fields import dict_in, number_in
from ingest.formats.platform_ids import edx_block
from ingest.formats.xapi.names import SERVER_COUNTS, TOLD_TWICE
from ingest.formats.xapi.places import Activity
from ingest.formats.xapi.said import extensions_of, score_in

GRADE: Final = "graded"
"""A score that was given by itself."""


def is_of_edx(statement: dict[str, Any]) -> bool:
    """Says whether Open edX made a statement of its tracking log."""
    extensions = dict_in(dict_in(statement.get("context")).get("extensions"))
    return any("/openedx/extension/transformer-version" in address for address in extensions)


def name_of_edx(statement: dict[str, Any], verb: str, own: Activity) -> str | Skipped | None:
    """Returns what a statement is where its verb alone does not tell it; None where it does."""
    if verb in {"progressed", "earned"} or (verb == "completed" and own.kind == "question"):
        return Skipped(TOLD_TWICE)
    if verb == "attempted":
        grade = score_in(statement) is not None and edx_block(own.address, "problem") is None
        return GRADE if grade else Skipped(SERVER_COUNTS)
    if verb == "navigated":
        return "button_click" if _leads_elsewhere(statement, own) else "page_view"
    return None


def _leads_elsewhere(statement: dict[str, Any], own: Activity) -> bool:
    """Says whether a step loads another page, whose view is told by itself: a link, a step beyond a sequence's end."""
    if edx_block(own.address, "sequential") is None or "/jump_to/" in own.address:
        return True
    said = extensions_of(statement)
    at, way = number_in(said.get("starting-position")), said.get("ending-point")
    at_end = way == "next unit" and at == number_in(said.get("total-items"))
    return at is not None and (at_end or (way == "previous unit" and at <= 1))
