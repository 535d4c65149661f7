"""Who read which students: noted before the answer goes out, so nothing is read that is not noted.

The live page asks each second. A reading is noted once in five minutes for the same reader, question and students.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from api.reads.database import Database

NOTED_S: Final = 300.0
MOST: Final = 10_000

Reading = tuple[str, str, str, tuple[str, ...], tuple[str, ...]]


class Audit:
    """The readings of the last minutes, so that each is written once."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.monotonic) -> None:
        """Knows of no reading yet."""
        self._database, self._clock = database, clock
        self._noted: dict[Reading, float] = {}

    async def note(self, reading: Reading, *, was_theirs: bool | None) -> None:
        """Writes a reading into `access_audit`, unless it was written not long ago.

        Raises:
            ProblemError: The database is away (503): then nothing is read either.
        """
        now_s = self._clock()
        if self._noted.get(reading, float("-inf")) > now_s - NOTED_S:
            return
        await self._database.note(*reading, was_theirs)
        if len(self._noted) >= MOST:
            self._noted = {key: at for key, at in self._noted.items() if at > now_s - NOTED_S}
        self._noted[reading] = now_s
