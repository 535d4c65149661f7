"""All flows of one `classpulse run`: workers are started, watched, named when they die, and started again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import structlog

from dataflows.backoff import delay_s
from dataflows.errors import Exit
from dataflows.ports import free_port

GRACE_S: Final = 30.0
PEERS_S: Final = 5.0
BACKOFF_S: Final = (1.0, 30.0)
FAILURES: Final = 5
WITHIN_S: Final = 300.0
FINAL: Final = {Exit.REFUSED, Exit.REPLACED}
"""Nothing that a new start would mend."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Start:
    """How the workers of a flow are started.

    Attributes:
        flow: The flow.
        workers: How many processes.
        flags: Further arguments of `dataflows.worker`.
        metrics_port: Port of the first process's metrics; None for none.
        say: Gets each line of the workers' logs, from threads of their own; None leaves them on standard error.
        program: What is started.
    """

    flow: str
    workers: int = 1
    flags: tuple[str, ...] = ()
    metrics_port: int | None = None
    say: Callable[[str], None] | None = None
    program: tuple[str, ...] = (sys.executable, "-m", "dataflows.worker")

    def processes(self) -> list[subprocess.Popen[bytes]]:
        """Starts them."""
        ports = _free_ports(self.workers) if self.workers > 1 else []
        addresses = ["--addresses", ";".join(f"127.0.0.1:{port}" for port in ports)] if ports else []
        return [self._process(index, addresses) for index in range(self.workers)]

    def _process(self, index: int, addresses: list[str]) -> subprocess.Popen[bytes]:
        env = dict(os.environ)
        # Any value of the variable starts Bytewax's metrics server, even `false`.
        env.pop("BYTEWAX_DATAFLOW_API_ENABLED", None)
        if self.metrics_port is not None:
            env |= {"BYTEWAX_DATAFLOW_API_ENABLED": "1", "BYTEWAX_DATAFLOW_API_PORT": str(self.metrics_port + index)}
        place = ["--process", str(index), "--parent", str(os.getpid())]
        command = [*self.program, self.flow, *place, *self.flags, *addresses]
        # A group of its own: Ctrl-C reaches the command alone, which then ends the workers in order.
        process = subprocess.Popen(  # noqa: S603
            command, env=env, process_group=0, stderr=None if self.say is None else subprocess.PIPE
        )
        if self.say is not None:
            thread = threading.Thread(target=_forward, args=(process, self.say), daemon=True)
            _forwarding.append(thread)
            thread.start()
        return process


_forwarding: list[threading.Thread] = []
"""They hand on what workers say; the last lines come after the workers' end."""


def _forward(process: subprocess.Popen[bytes], say: Callable[[str], None]) -> None:
    for line in process.stderr or ():
        say(line.decode(errors="replace").rstrip())


class Restarts:
    """When a flow whose workers have failed may be started again.

    Example:
        >>> restarts = Restarts()
        >>> [restarts.delay_s(1, now_s) for now_s in (0, 10, 20)]
        [1.0, 2.0, 4.0]
        >>> restarts.delay_s(1, 30), restarts.delay_s(1, 40)
        (8.0, None)
    """

    def __init__(self) -> None:
        """Starts without a failure."""
        self._failed_s: deque[float] = deque(maxlen=FAILURES)

    def delay_s(self, code: int, now_s: float) -> float | None:
        """Returns how long to wait, or None where it has failed too often in a short time.

        What is unavailable comes back at its own time: that is waited for without end.

        Args:
            code: With what the workers ended.
            now_s: A monotonic clock, seconds.
        """
        if code == Exit.UNAVAILABLE:
            return BACKOFF_S[1] / 6
        self._failed_s.append(now_s)
        lately = sum(now_s - at <= WITHIN_S for at in self._failed_s)
        if lately >= FAILURES:
            return None
        return delay_s(lately - 1, *BACKOFF_S)


@dataclass
class Cluster:
    """The workers of one flow.

    Attributes:
        how: How they are started.
        processes: Those that were started last.
        named: Those whose end was said.
        ours: Those that we have killed ourselves.
        failed_s: When the first of them was seen to have failed.
        again_s: When they are started again; None while they run.
        ended: The exit code of the flow once it has ended for good.
    """

    how: Start
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)
    named: set[int] = field(default_factory=set)
    ours: set[int] = field(default_factory=set)
    failed_s: float | None = None
    again_s: float | None = None
    ended: int | None = None
    restarts: Restarts = field(default_factory=Restarts)

    def start(self) -> None:
        """Starts the workers."""
        self.processes, self.named, self.ours = self.how.processes(), set(), set()
        self.failed_s = self.again_s = None
        pids = [process.pid for process in self.processes]
        log.info("flow started", flow=self.how.flow, workers=self.how.workers, pids=pids)

    def send(self, number: signal.Signals) -> None:
        """Sends a signal to all that run."""
        for process in self.processes:
            if process.poll() is None:
                process.send_signal(number)
                self.ours |= {process.pid} if number == signal.SIGKILL else set()

    def name_the_dead(self) -> None:
        """Says of each worker that has failed since the last look how it ended."""
        for index, process in enumerate(self.processes):
            code = process.poll()
            if code and process.pid not in self.named | self.ours:
                self.named.add(process.pid)
                self.failed_s = self.failed_s or time.monotonic()
                level = log.info if code == Exit.PEER_GONE else log.error
                level("worker died", flow=self.how.flow, worker=index, pid=process.pid, how=how_ended(code))

    def exit_code(self) -> int | None:
        """Returns None while any runs; else 0, or the code that tells most about why they failed."""
        codes = [process.poll() for process in self.processes]
        if any(code is None for code in codes):
            return None
        return next(iter(sorted((code for code in codes if code), key=says_little)), 0)


def says_little(code: int) -> bool:
    """Whether a process only failed since another one did: that one's code tells why."""
    return code in {Exit.PEER_GONE, -signal.SIGKILL}


def how_ended(code: int) -> str:
    """Returns the end of a process in words.

    Example:
        >>> how_ended(-9), how_ended(3)
        ('killed by SIGKILL', 'ended with exit code 3')
    """
    if code >= 0:
        return f"ended with exit code {code}"
    return f"killed by {signal.Signals(-code).name}"


class Supervisor:
    """Starts flows and watches over them until all have ended."""

    def __init__(self, starts: list[Start], *, until_caught_up: bool = False) -> None:
        """Prepares; nothing is started yet.

        Args:
            starts: One a flow.
            until_caught_up: Each flow ends by itself; one that fails ends the whole, and is not started again.
        """
        self._clusters = [Cluster(start) for start in starts]
        self._until_caught_up = until_caught_up
        self._stopped_s: float | None = None
        self._signal: signal.Signals | None = None
        self._result = 0

    @property
    def was_stopped(self) -> bool:
        """Whether a signal has ended it."""
        return self._signal is not None

    def run(self, look: Callable[[], None] = lambda: None) -> int:
        """Runs all flows to their end; returns the exit code of the command.

        Args:
            look: Called again and again meanwhile.
        """
        before = {number: signal.signal(number, self._on_signal) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            for cluster in self._clusters:
                cluster.start()
            while any(cluster.ended is None for cluster in self._clusters):
                self._look_after()
                look()
                time.sleep(0.05)
        finally:
            for number, handler in before.items():
                signal.signal(number, handler or signal.SIG_DFL)
            while _forwarding:
                _forwarding.pop().join(1)
        return self._result if self._result >= 0 else 128 - self._result

    def _look_after(self) -> None:
        if self._signal is not None:
            self._stop(f"{self._signal.name}: every flow writes what is pending and takes a snapshot")
        for cluster in self._clusters:
            if cluster.ended is None:
                self._watch(cluster)
        if self._stopped_s is not None and time.monotonic() - self._stopped_s > GRACE_S:
            self._send_all(signal.SIGKILL)

    def _on_signal(self, number: int, _frame: object) -> None:
        # Only noted: it may have come in the middle of a start, or of a line of the log.
        self._signal = signal.Signals(number)

    def _stop(self, why: str) -> None:
        if self._stopped_s is None:
            self._stopped_s = time.monotonic()
            log.info("stopping", why=why)
            self._send_all(signal.SIGTERM)

    def _send_all(self, number: signal.Signals) -> None:
        for cluster in self._clusters:
            cluster.send(number)

    def _watch(self, cluster: Cluster) -> None:
        now_s = time.monotonic()
        if cluster.again_s is not None:
            if self._stopped_s is not None:
                cluster.ended = 0
            elif now_s >= cluster.again_s:
                cluster.start()
            return
        if self._stopped_s is None:
            cluster.name_the_dead()
        code = cluster.exit_code()
        if code is not None:
            self._ended(cluster, code, now_s)
        elif cluster.failed_s is not None and now_s - cluster.failed_s > PEERS_S:
            # a peer is gone: no snapshot of the whole cluster can come about, and it may wait for it without end
            cluster.send(signal.SIGKILL)

    def _ended(self, cluster: Cluster, code: int, now_s: float) -> None:
        """Decides what becomes of a flow all of whose workers have ended."""
        flow = cluster.how.flow
        if self._stopped_s is not None and code == -signal.SIGTERM:
            cluster.ended = 0
            log.info("flow ended", flow=flow, how="stopped before it had begun; nothing of it was written")
            return
        if code == 0:
            cluster.ended = 0
            how = "stopped" if self._stopped_s is not None else "caught up" if self._until_caught_up else "asked to"
            log.info("flow ended", flow=flow, how=f"{how}; all is written and in the snapshot")
            return
        if self._stopped_s is None and not self._until_caught_up and code not in FINAL:
            delay_s = cluster.restarts.delay_s(code, now_s)
            if delay_s is not None:
                cluster.again_s = now_s + delay_s
                log.warning("flow starts again", flow=flow, in_s=delay_s, after=how_ended(code))
                return
            log.error("flow given up", flow=flow, why=f"its workers failed {FAILURES} times in {WITHIN_S:.0f} s")
        cluster.ended = code
        if not self._result or says_little(self._result):
            self._result = code
        log.error("flow ended", flow=flow, how=how_ended(code))
        self._stop(f"{flow} has failed, so the other flows end too, each with a snapshot")


_given: deque[int] = deque(maxlen=1_000)


def _free_ports(count: int) -> list[int]:
    """Returns ports that no process of ours was given lately: a worker binds its own a while after it was chosen."""
    ports: list[int] = []
    while len(ports) < count:
        port = free_port()
        if port not in _given:
            _given.append(port)
            ports.append(port)
    return ports
