"""Three Kafka nodes on loopback: what happens to a log whose leader dies, one node cannot show."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]

from dataflows.ports import free_port
from local.kafka import SMALL, Kafka, java
from local.managed_server import START_TIMEOUT_S, ManagedServer
from tests.e2e.harness import wait_until

NODES = (1, 2, 3)


@dataclass
class Node(ManagedServer):
    """One node of a cluster, broker and controller.

    Attributes:
        number: Its id.
        ports: Where the nodes' brokers listen.
        voters: Where their controllers listen.
    """

    number: int = 1
    ports: Sequence[int] = ()
    voters: Sequence[int] = ()
    name: str = field(default="kafka", init=False)

    @property
    def _config(self) -> Path:
        return self.directory / "server.properties"

    def prepare(self, cluster_id: str) -> None:
        """Writes its settings and formats its folder."""
        self.directory.mkdir(parents=True)
        port, voter = self.ports[self.number - 1], self.voters[self.number - 1]
        quorum = ",".join(f"{node}@127.0.0.1:{at}" for node, at in zip(NODES, self.voters, strict=True))
        settings = {
            "process.roles": "broker,controller",
            "node.id": self.number,
            "controller.quorum.voters": quorum,
            "listeners": f"PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{voter}",
            "advertised.listeners": f"PLAINTEXT://127.0.0.1:{port}",
            "controller.listener.names": "CONTROLLER",
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "log.dirs": self.directory / "data",
            "log.message.timestamp.type": "LogAppendTime",
            "auto.create.topics.enable": "false",
            "offsets.topic.replication.factor": 3,
            "offsets.topic.num.partitions": 1,
            "num.network.threads": 2,
            "num.io.threads": 2,
            "replica.lag.time.max.ms": 2000,
            "broker.session.timeout.ms": 3000,
            "broker.heartbeat.interval.ms": 500,
            "log.cleaner.dedupe.buffer.size": 16777216,
        }
        self._config.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
        self._run("format", "--cluster-id", cluster_id, "--config", str(self._config))

    def launch(self) -> None:
        """Starts it, and waits for nothing."""
        self.spawn([*self._java(), "kafka.Kafka", str(self._config)], self._config)

    def answers(self) -> bool:
        """Whether it answers and knows a controller."""
        client = AdminClient({"bootstrap.servers": f"127.0.0.1:{self.ports[self.number - 1]}", "log_level": 0})
        try:
            return self.number in client.list_topics(timeout=2).brokers
        except KafkaException:
            return False

    def kill(self) -> None:
        """Ends it as a power cut does."""
        self._end(self.abandon_signal)

    def new_cluster_id(self) -> str:
        """Returns an id for a cluster."""
        return self._run("random-uuid")

    def _run(self, *arguments: str) -> str:
        command = [*self._java(), "kafka.tools.StorageTool", *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    def _java(self) -> list[str]:
        return [java(), *SMALL, "-cp", f"{Kafka(self.directory).install()}/*"]


@dataclass(frozen=True)
class Brokers:
    """A cluster of three nodes.

    Attributes:
        nodes: Its nodes by number.
    """

    nodes: dict[int, Node]

    @property
    def bootstrap(self) -> str:
        """The addresses for clients."""
        return ",".join(f"127.0.0.1:{port}" for port in self.nodes[1].ports)

    @property
    def admin(self) -> AdminClient:
        """A client of its own, which knows nothing of before."""
        return AdminClient({"bootstrap.servers": self.bootstrap, "log_level": 0})

    def start(self, number: int) -> None:
        """Starts a node and waits until it answers."""
        self.nodes[number].launch()
        self.nodes[number].wait_until(self.nodes[number].answers, START_TIMEOUT_S)

    def create(self, topics: Sequence[str], partitions: int, replicas: list[int], **config: str) -> None:
        """Makes topics of which every partition lies on the same nodes; the first of them leads."""
        new = [
            NewTopic(topic, partitions, replica_assignment=[replicas] * partitions, config=dict(config))
            for topic in topics
        ]
        admin = self.admin  # held: what it is to do ends with it
        for made in admin.create_topics(new).values():
            made.result(timeout=60)

    def wait_for_leader(self, topic: str, number: int, in_sync: set[int]) -> None:
        """Waits until a node leads all partitions of a topic, with these in sync."""

        def leads() -> bool:
            try:
                found = self.admin.list_topics(topic, timeout=5).topics[topic].partitions.values()
            except KafkaException:
                return False
            return bool(found) and all(part.leader == number and set(part.isrs) == in_sync for part in found)

        wait_until(leads, f"node {number} leading {topic}")


@contextmanager
def brokers(folder: Path) -> Iterator[Brokers]:
    """Yields a running cluster, and ends it afterwards."""
    ports, voters = [free_port() for _ in NODES], [free_port() for _ in NODES]
    nodes = {number: Node(folder / f"node{number}", number=number, ports=ports, voters=voters) for number in NODES}
    cluster_id = nodes[1].new_cluster_id()
    made = Brokers(nodes)
    try:
        for node in nodes.values():
            node.prepare(cluster_id)
            node.launch()
        for node in nodes.values():
            node.wait_until(node.answers, START_TIMEOUT_S)
        yield made
    finally:
        for node in nodes.values():
            node.kill()
