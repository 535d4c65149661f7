"""Files of the tracking log: read twice, first to learn which number a user name has."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

from ingest.formats import Item, Unreadable
from ingest.formats.adapted import read_adapted
from ingest.formats.adapters import ADAPTERS
from ingest.formats.edx.people import People
from ingest.formats.edx.record import edx_events
from ingest.formats.values import values_of


def read_edx(path: Path, class_id: str | None = None) -> Iterator[Item]:
    """Yields what the records of a tracking log become.

    A student is the user's number; where a record has only the name, it is the number that other records of the file
    give to that name.
    """
    adapter, people = ADAPTERS["edx"], People()
    for value in values_of(path, prefixed=True):
        if not isinstance(value, Unreadable):
            for _, record in adapter.parts(value[2]):
                people.learn(record)
    yield from read_adapted(path, replace(adapter, events=partial(edx_events, numbers=people.numbers())), class_id)
