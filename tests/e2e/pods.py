"""Processes as pods: each in a network namespace of its own, with an address of its own, joined by a bridge.

A pod reaches the broker and the database under the addresses that they announce, on its own loopback, through a
forwarder: what a Service and its endpoints do in a cluster.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.e2e.harness import ROOT, Stack, wait_until

FORWARD = """
import asyncio, sys
async def pump(reader, writer):
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()
async def serve(listen, to):
    async def joined(reader, writer):
        try:
            far_reader, far_writer = await asyncio.open_connection(*to)
        except OSError:
            writer.close()
            return
        await asyncio.gather(pump(reader, far_writer), pump(far_reader, writer), return_exceptions=True)
    server = await asyncio.start_server(joined, *listen)
    print("listening", flush=True)
    await server.serve_forever()
async def main():
    host, to, *ports = sys.argv[1:]
    await asyncio.gather(*(serve((host, int(p)), (to, int(p))) for p in ports))
asyncio.run(main())
"""


def unavailable() -> str | None:
    """Returns why there can be no network namespaces here, or None."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    if shutil.which("ip") is None or shutil.which("unshare") is None:
        return "iproute2 or util-linux is not installed"
    probe = f"cp{uuid.uuid4().hex[:8]}"
    made = subprocess.run(["ip", "netns", "add", probe], capture_output=True, check=False)
    if made.returncode != 0:
        return f"no network namespaces: {made.stderr.decode().strip()}"
    subprocess.run(["ip", "netns", "del", probe], capture_output=True, check=False)
    return None


@dataclass
class Pod:
    """One member in its namespace."""

    process: subprocess.Popen[bytes]
    log_file: Path

    @property
    def output(self) -> str:
        """What it has said so far."""
        return self.log_file.read_text(errors="replace")

    def terminate(self, timeout_s: float = 60.0) -> int:
        """Ends it as the kubelet does; returns its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout_s)

    def kill(self) -> None:
        """Ends it and its worker at once, as a node that burns."""
        self.process.kill()
        self.process.wait(30)


@dataclass
class Node:
    """The bridge, and the pods on it."""

    here: Stack
    ports: tuple[str, str]
    name: str = field(default_factory=lambda: f"cp{uuid.uuid4().hex[:6]}")
    subnet: str = "10.213.77"
    spaces: list[str] = field(default_factory=list)
    forwarders: list[subprocess.Popen[bytes]] = field(default_factory=list)
    pods: list[Pod] = field(default_factory=list)

    def start(self, flow: str, member: int) -> Pod:
        """Starts a pod with what the chart gives it: its name, its address, and a volume of its own."""
        space, address = f"{self.name}-{member}", f"{self.subnet}.{10 + member}"
        if space not in self.spaces:
            self._plug_in(space, address)
        inside = ["ip", "netns", "exec", space]
        log_file = self.here.folder / f"{space}-{len(self.pods)}.log"
        environment = self.here.environment(
            POD_IP=address, CLASSPULSE_RECOVERY_DIR=str(self.here.folder / f"volume-{member}")
        )
        named = f"hostname classpulse-{flow}-{member} && exec {sys.executable} -m cli.main member {flow}"
        with log_file.open("wb") as log:
            process = subprocess.Popen(
                [*inside, "unshare", "--uts", "sh", "-c", named],
                cwd=self.here.folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.pods.append(Pod(process, log_file))
        return self.pods[-1]

    def _plug_in(self, space: str, address: str) -> None:
        number = address.rpartition(".")[2]
        self.spaces.append(space)
        for command in (
            f"ip netns add {space}",
            f"ip link add {self.name}v{number} type veth peer name eth0 netns {space}",
            f"ip link set {self.name}v{number} master {self.name} up",
            f"ip -n {space} link set lo up",
            f"ip -n {space} link set eth0 up",
            f"ip -n {space} address add {address}/24 dev eth0",
        ):
            subprocess.run(command.split(), check=True, capture_output=True)
        self._forward(["ip", "netns", "exec", space, sys.executable], "127.0.0.1", f"{self.subnet}.1")

    def set_up(self) -> None:
        """Makes the bridge, and a forwarder from it to the services on our loopback."""
        subprocess.run(["ip", "link", "add", self.name, "type", "bridge"], check=True, capture_output=True)
        subprocess.run(["ip", "address", "add", f"{self.subnet}.1/24", "dev", self.name], check=True)
        subprocess.run(["ip", "link", "set", self.name, "up"], check=True)
        self._forward([sys.executable], f"{self.subnet}.1", "127.0.0.1")

    def _forward(self, python: list[str], listen: str, to: str) -> None:
        forwarder = subprocess.Popen(
            [*python, "-c", FORWARD, listen, to, *self.ports], stdout=subprocess.PIPE, cwd=ROOT
        )
        assert forwarder.stdout is not None
        assert forwarder.stdout.readline() == b"listening\n"
        self.forwarders.append(forwarder)

    def tear_down(self) -> None:
        """Ends everything that was started and removes the namespaces."""
        for pod in self.pods:
            if pod.process.poll() is None:
                pod.kill()
        wait_until(lambda: all(p.process.poll() is not None for p in self.pods), "the pods' end")
        for forwarder in self.forwarders:
            forwarder.kill()
            forwarder.wait()
        for space in self.spaces:
            subprocess.run(["ip", "netns", "del", space], check=False, capture_output=True)
        subprocess.run(["ip", "link", "del", self.name], check=False, capture_output=True)


@contextmanager
def node(here: Stack) -> Iterator[Node]:
    """Yields a node for the pods of a deployment."""
    kafka_port = here.kafka.rpartition(":")[2]
    database_port = here.database.rpartition("@")[2].partition("/")[0].rpartition(":")[2]
    made = Node(here, (kafka_port, database_port))
    try:
        made.set_up()
        yield made
    finally:
        made.tear_down()
