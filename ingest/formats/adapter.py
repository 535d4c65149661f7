"""What an adapter is: one document of another platform in, our events out, or why there is none.

Adapters are pure: no files, no clock, no memory of what came before. `replay` calls them for files, the gateway for
what is posted; both treat the three outcomes alike.

Example:
    >>> from ingest.formats.adapters import ADAPTERS
    >>> played = {
    ...     "id": "6f9619ff-8b86-4011-b42d-00c04fc964ff",
    ...     "actor": {"account": {"homePage": "https://lms.example", "name": "s1"}},
    ...     "verb": {"id": "https://w3id.org/xapi/video/verbs/played"},
    ...     "object": {"id": "https://lms.example/videos/v12"},
    ...     "result": {"extensions": {"https://w3id.org/xapi/video/extensions/time": 12.5}},
    ...     "timestamp": "2025-10-09T08:53:20.250Z",
    ... }
    >>> [(path, statement)] = ADAPTERS["xapi"].parts({"statements": [played]})
    >>> path
    'statements[0]'
    >>> [event] = ADAPTERS["xapi"].events(statement)
    >>> event["event_name"], event["student_id"], event["timestamp"], event["metadata"]["position_s"]
    ('video_play', 's1', 1760000000250, 12.5)
    >>> ADAPTERS["xapi"].events({"actor": {"mbox": "mailto:a@b.example"}, "object": {"id": "https://lms.example/x"}})
    Refused(reason='missing_field', path='verb.id', detail='the statement names no verb', event=None)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from dataflows.events.rejects import Reason

Event = dict[str, Any]
"""An event by the names of docs/events.md. It may lack `timestamp` where the document gives none: the gateway then
takes the time of receipt, `replay` publishes it as it is and the judge rejects it."""


@dataclass(frozen=True, slots=True)
class Skipped:
    """A document that is understood and is no action of a student, or is the second record of one.

    Attributes:
        why: In words, the same for all of its kind, so that they can be counted.
    """

    why: str


@dataclass(frozen=True, slots=True)
class Refused:
    """A document of which no event can be made.

    Attributes:
        reason: As in `dead_letters`.
        path: The field in the document, such as `actor.account.name`.
        detail: What is wrong with it, in words.
        event: What could be read; None where it is no document of the format at all.
    """

    reason: Reason
    path: str
    detail: str
    event: Event | None = None


Outcome = list[Event] | Skipped | Refused


@dataclass(frozen=True, slots=True)
class Adapter:
    """How the documents of one format are read.

    Attributes:
        name: As in `replay --format`.
        parts: Yields the single documents that a body or line holds, each with its path; one that holds nothing else
            is its only part.
        events: Makes the events of one of them.
        prefixed: Whether a line of a file may have words before its document, as a logger writes them.
    """

    name: str
    parts: Callable[[object], Iterator[tuple[str, object]]]
    events: Callable[[object], Outcome]
    prefixed: bool = field(default=False)


def single(document: object) -> Iterator[tuple[str, object]]:
    """Yields the elements of an array, or the document itself.

    Example:
        >>> list(single([{"a": 1}])), list(single({"a": 1}))
        ([('[0]', {'a': 1})], [('', {'a': 1})])
    """
    if isinstance(document, list):
        yield from ((f"[{i}]", part) for i, part in enumerate(document))
    else:
        yield "", document
