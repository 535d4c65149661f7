"""The life of a member: say that you are there, do what the formation asks, and call a new one if you are member 0."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any, Final

import psycopg
import structlog

from dataflows.backoff import delay_s
from dataflows.cluster.formation import Action, Formation, Member, Seat, State, action, is_outdated, wanted
from dataflows.cluster.registry import Registry, ReplacedError
from dataflows.cluster.worker import WorkerProcess
from dataflows.errors import Exit
from dataflows.sink.sqlstates import remedy

POLL_S: Final = 0.5
SETTLE_S: Final = 3.0
RETRY_MAX_S: Final = 30.0

log = structlog.get_logger()


class Caller:
    """Member 0's part: a new formation when what is there has differed from it for a while, and stayed the same."""

    def __init__(self) -> None:
        """Starts without having seen anything."""
        self._seen: object = None
        self._since = 0.0
        self._failures = 0

    def call(self, current: Formation, present: list[Member], now_s: float) -> tuple[Seat, ...] | None:
        """Returns the seats of a formation to call now, or None.

        Args:
            current: The formation as it is.
            present: The members heard of lately.
            now_s: A monotonic clock, seconds.
        """
        failed = any(m.state == "failed" and m.formation == current.number for m in present)
        seen = (current.number, wanted(present), failed)
        if seen != self._seen:
            if failed:
                # Whatever made the worker fail may last: each time a little longer, up to half a minute.
                self._failures += 1
            self._seen, self._since = seen, now_s
        if not is_outdated(current, present):
            if now_s - self._since > 2 * RETRY_MAX_S:
                self._failures = 0
            return None
        patience_s = delay_s(self._failures, SETTLE_S, RETRY_MAX_S) if failed else SETTLE_S
        return wanted(present) if now_s - self._since >= patience_s else None


class ClusterMember:
    """One member of a flow's cluster."""

    def __init__(self, seat: Seat, worker: WorkerProcess, connect: Callable[[], psycopg.Connection[Any]], flow: str):
        """Prepares; `run` does the work.

        Args:
            seat: Who this member is.
            worker: Its worker process, not started yet.
            connect: Opens an autocommit connection to the database.
            flow: The flow's name.
        """
        self._seat, self._worker, self._connect, self._flow = seat, worker, connect, flow
        self._registry: Registry | None = None
        self._connection: psycopg.Connection[Any] | None = None
        self._caller = Caller()
        self._failed = 0
        self._exit: int | None = None
        self.standing_by = False
        """Whether it waits for member 0 to be of its own version; an upgrade goes on meanwhile."""
        self.leaving = threading.Event()
        self.seen_s = time.monotonic()
        """When the loop last went round; probes look at it."""

    @property
    def consuming(self) -> bool:
        """Whether its worker runs and was not asked to stop."""
        return self._worker.formation is not None and not self._worker.asked_to_stop

    def run(self) -> int:
        """Lives until `leaving` is set or it is of no use any more; returns the exit code."""
        while True:
            self.seen_s = time.monotonic()
            self._watch()
            try:
                if self._round():
                    return self._exit or 0
            except ReplacedError as error:
                log.error("replaced", reason=str(error))
                self._worker.kill()
                return Exit.REPLACED
            except psycopg.Error as error:
                if advice := remedy(error):
                    log.error("refused", reason=advice)
                    self._worker.kill()
                    return Exit.REFUSED
                # The worker has its own patience with the database; the others are without it just as we are.
                log.warning("database unavailable, retrying", error=str(error).strip())
                self._registry = None
            time.sleep(POLL_S)

    def _watch(self) -> None:
        running = self._worker.formation
        code = self._worker.ended()
        if code is None or running is None:
            return
        log.info("worker ended", formation=running.number, code=code)
        if self._worker.asked_to_stop or code == 0:
            return
        self._failed = running.number
        if code == Exit.REFUSED:
            self._exit = code
            self.leaving.set()

    def _round(self) -> bool:
        """Does one round; returns whether this member is done."""
        registry = self._registry or self._join()
        registry.say(self._seat, self._state(), self._number())
        present, current = registry.present(), registry.formation()
        if self._seat.member == 0:
            self._call(registry, current, present)
        self.standing_by = any(m.seat.member == 0 and m.seat.version != self._seat.version for m in present)
        running = self._worker.formation
        todo = action(self._seat, running, current, present)
        if todo is Action.START and not self.leaving.is_set():
            self._failed = 0
            self._worker.start(self._seat, current)
        elif todo is Action.STOP:
            self._worker.stop()
        elif todo is Action.KILL:
            self._worker.kill()
        if self.leaving.is_set() and running is None:
            registry.leave(self._seat)
            return True
        return False

    def _call(self, registry: Registry, current: Formation, present: list[Member]) -> None:
        if self.leaving.is_set():
            # Nobody calls while member 0, who keeps the recovery store, is away: a pause, and a clean stop for all.
            if current.seats:
                registry.form(current.number, ())
            return
        seats = self._caller.call(current, present, time.monotonic())
        if seats is not None:
            log.info("new formation", number=current.number + 1, members=len(seats))
            registry.form(current.number, seats)

    def _state(self) -> State:
        if self._worker.formation is not None:
            return "leaving" if self.leaving.is_set() else "running"
        return "failed" if self._failed else "ready"

    def _number(self) -> int:
        return self._worker.formation.number if self._worker.formation is not None else self._failed

    def _join(self) -> Registry:
        first = self._connection is None
        self._connection = self._connect()
        self._registry = Registry(self._connection, self._flow)
        if first:
            self._registry.join(self._seat)
        return self._registry
