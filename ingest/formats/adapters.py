"""The adapters, by the names of `replay --format`."""

from __future__ import annotations

from typing import Final, Literal

from ingest.formats.adapter import Adapter
from ingest.formats.caliper.event import caliper_events, envelope_parts
from ingest.formats.edx.record import edx_events, edx_parts
from ingest.formats.xapi.statement import statement_events, statement_parts

AdapterName = Literal["xapi", "caliper", "edx"]

ADAPTERS: Final[dict[AdapterName, Adapter]] = {
    "xapi": Adapter("xapi", statement_parts, statement_events),
    "caliper": Adapter("caliper", envelope_parts, caliper_events),
    "edx": Adapter("edx", edx_parts, edx_events, prefixed=True),
}
