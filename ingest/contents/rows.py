"""The rows of content files: the fields are the columns (`docs/content.md`)."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, StringConstraints, model_validator

from ingest.rosters.rows import FileRow, Id, Instant

Kind = Annotated[str, StringConstraints(min_length=1, max_length=40, to_lower=True)]


class ItemRow(FileRow):
    """An item of a course: what students open, finish, or are examined in."""

    course_id: Id
    item_id: Id
    parent_id: Id | None = None
    kind: Kind
    title: str | None = None
    position: Annotated[int, Field(ge=0, le=10**9)] | None = None
    expected_seconds: Annotated[int, Field(gt=0, le=10**7)] | None = None
    available_from: Instant = None
    due_at: Instant = None
    pass_mark: Annotated[float, Field(ge=0, le=100)] | None = None

    @model_validator(mode="after")
    def _in_order(self) -> ItemRow:
        if self.available_from and self.due_at and self.due_at < self.available_from:
            msg = "due_at is before available_from"
            raise ValueError(msg)
        if self.parent_id == self.item_id:
            msg = "parent_id is the item itself"
            raise ValueError(msg)
        return self

    def row(self) -> dict[str, Any]:
        """Returns the row of `content_items`."""
        return self.model_dump()
