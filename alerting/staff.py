"""The roster's staff: who is told of which class, and where."""

from __future__ import annotations

from typing import Any

import psycopg

from alerting.addresses import PLACES
from alerting.routing import Address


def staff(connection: psycopg.Connection[Any]) -> tuple[dict[str, frozenset[Address]], list[str]]:
    """Returns addresses by class, and what cannot be used of the roster, in words."""
    found: dict[str, set[Address]] = {}
    unusable = []
    for class_id, staff_id, channel, address in connection.execute(
        "SELECT class_id, staff_id, channel, address FROM class_staff ORDER BY class_id, staff_id"
    ):
        addresses = found.setdefault(class_id, set())
        try:
            if channel or address:
                addresses.add(Address(channel, PLACES[channel](address or "")))
        except (KeyError, ValueError):  # loaded before it was checked: Grafana would not start on it
            unusable.append(f"{class_id} / {staff_id}: channel {channel or '(none)'} has no address that can be used")
    return {class_id: frozenset(addresses) for class_id, addresses in found.items()}, unusable
