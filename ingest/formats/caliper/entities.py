"""Caliper's entities, each an object or only its address."""

from __future__ import annotations

from typing import Any

from ingest.formats.fields import dict_in, list_in, text_in
from ingest.formats.platform_ids import person_id

Entity = dict[str, Any]

_STAFF = frozenset("Instructor Administrator TeachingAssistant ContentDeveloper Manager Officer Mentor".split())


def entity(value: object) -> Entity:
    """Returns an entity by the short names of version 1.1: an address alone is its `id`.

    Example:
        >>> entity("https://example.edu/users/7"), entity({"@id": "x", "@type": "http://p.org/Page"})["type"]
        ({'id': 'https://example.edu/users/7'}, 'Page')
    """
    if isinstance(value, str):
        return {"id": value}
    fields = dict_in(value)
    if "@id" in fields or "@type" in fields:
        fields = {**fields, "id": fields.get("id", fields.get("@id")), "type": fields.get("type", fields.get("@type"))}
    kind = fields.get("type")
    return {**fields, "type": term(kind)} if isinstance(kind, str) and "/" in kind else fields


def term(address: str) -> str:
    """Returns the last word of a term's address.

    Example:
        >>> term("http://purl.imsglobal.org/vocab/caliper/v1/action#Paused"), term("Paused"), term("caliper:Paused")
        ('Paused', 'Paused', 'Paused')
    """
    return address.rpartition("/")[2].rpartition("#")[2].rpartition(":")[2]


def address_of(value: object) -> str | None:
    """Returns an entity's address; None of a blank node, which names nothing."""
    address = text_in(entity(value).get("id"))
    return None if address is None or address.startswith("_:") else address


def type_of(value: object) -> str:
    """Returns an entity's type; nothing where only its address is known."""
    return text_in(entity(value).get("type")) or ""


def person_of(value: object) -> str | None:
    """Returns a person's pseudonym."""
    return person_id(address_of(value))


def whole_of(value: object) -> list[Entity]:
    """Returns an entity and what it is a part of, the nearest first."""
    found: list[Entity] = []
    part = entity(value)
    while part and len(found) < 16:
        found.append(part)
        extensions = dict_in(part.get("extensions"))
        part = entity(part.get("isPartOf", part.get("assignable", extensions.get("isPartOf"))))
    return found


def role_in(event: Entity) -> str | None:
    """Returns `staff` where the membership says that somebody teaches and does not learn."""
    roles = {
        term(role).partition("#")[0]
        for role in list_in(entity(event.get("membership")).get("roles"))
        if isinstance(role, str)
    }
    return "staff" if roles & _STAFF and not roles & {"Learner", "Student"} else None
