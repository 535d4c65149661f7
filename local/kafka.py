"""Apache Kafka from Maven Central: one KRaft node on loopback."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from string import Template

from dataflows.ports import free_port
from local.managed_server import START_TIMEOUT_S, ManagedServer, PartMissingError

HERE = Path(__file__).parent
VERSION = "4.1.1"
JAVA_AT_LEAST = 17
STARTS = 3  # a port that was free when asked may be taken a moment later
SMALL = ("-Xms256m", "-Xmx512m", "-XX:+UseG1GC", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn")


def cache_folder() -> Path:
    """Returns where Kafka's jars are kept for every clone of this user."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "classpulse" / f"kafka-{VERSION}"


def java() -> str:
    """Returns the Java program.

    Raises:
        PartMissingError: None is installed, or it is too old.
    """
    home = os.environ.get("JAVA_HOME")
    program = shutil.which("java", path=f"{home}/bin" if home else None) or shutil.which("java")
    if program is None:
        message = f"no Java on this machine (Kafka {VERSION} needs {JAVA_AT_LEAST} or later)"
        raise PartMissingError(message)
    said = subprocess.run([program, "-version"], capture_output=True, text=True, check=False).stderr
    found = re.search(r'version "(\d+)', said)
    if found is None or int(found[1]) < JAVA_AT_LEAST:
        message = f"Java at {program} is older than {JAVA_AT_LEAST}, which Kafka {VERSION} needs"
        raise PartMissingError(message)
    return program


@dataclass
class Kafka(ManagedServer):
    """Kafka's process.

    Attributes:
        partitions: Partitions of a topic that is created without saying how many.
    """

    partitions: int = 4
    name: str = field(default="kafka", init=False)

    @property
    def bootstrap(self) -> str:
        """The address for clients, `host:port`."""
        return f"127.0.0.1:{self.state()['port']}"

    def install(self) -> Path:
        """Fetches the jars once and returns their folder.

        Raises:
            PartMissingError: They are not cached and Maven is missing or cannot reach them.
        """
        folder = cache_folder()
        if (folder / f"kafka_2.13-{VERSION}.jar").exists():
            return folder
        maven = shutil.which("mvn")
        if maven is None:
            message = f"Kafka {VERSION} is not in {folder}, and Maven (mvn), which would fetch it, is not installed"
            raise PartMissingError(message)
        self.say(f"kafka: fetching {VERSION} from Maven Central into {folder}")
        draft = folder.with_name(f"{folder.name}.{os.getpid()}")
        goal = ["dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={draft}"]
        fetched = subprocess.run(
            [maven, "-q", "-B", "-f", str(HERE / "pom.xml"), *goal], capture_output=True, text=True, check=False
        )
        if fetched.returncode != 0:
            shutil.rmtree(draft, ignore_errors=True)
            said = (line.removeprefix("[ERROR]").strip() for line in fetched.stdout.splitlines())
            message = f"Maven could not fetch Kafka {VERSION}: {next(filter(None, said), 'it does not say why')}"
            raise PartMissingError(message)
        shutil.rmtree(folder, ignore_errors=True)
        draft.rename(folder)
        return folder

    def start(self, timeout_s: float = START_TIMEOUT_S) -> str:
        """Starts the broker, or finds it running, and returns its address once it answers.

        A stopped broker is started again on the same port with the same data.

        Raises:
            PartMissingError: Java or the jars cannot be had.
            PartFailedError: It does not come to answer.
        """
        if self.process() is not None:
            if not self.answers():  # still starting, in another terminal
                self.wait_until(self.answers, timeout_s)
        else:
            program, jars = java(), self.install()
            again = (self.directory / "kafka" / "data" / "meta.properties").exists()
            if again:
                self._launch(program, jars)
                self.wait_until(self.answers, timeout_s)
            else:
                self.start_new(lambda: self._launch_new(program, jars), self.answers, timeout_s)
        return self.bootstrap

    def answers(self) -> bool:
        """Says whether a metadata request is answered and names the broker."""
        from confluent_kafka import KafkaException
        from confluent_kafka.admin import AdminClient

        client = AdminClient({"bootstrap.servers": self.bootstrap, "log_level": 0, "reconnect.backoff.ms": 50})
        try:
            return len(client.list_topics(timeout=1).brokers) > 0
        except KafkaException:
            return False

    def _launch_new(self, program: str, jars: Path) -> None:
        self._prepare(program, jars)
        self._launch(program, jars)

    def _prepare(self, program: str, jars: Path) -> None:
        home = self.directory / "kafka"
        shutil.rmtree(home, ignore_errors=True)
        (home / "data").mkdir(parents=True)
        self.remember(port=free_port(), controller_port=free_port(), partitions=self.partitions)
        template = Template((HERE / "server.properties").read_text())
        (home / "server.properties").write_text(template.substitute(self.state(), data=home / "data"))
        storage = [program, *SMALL, "-cp", f"{jars}/*", "kafka.tools.StorageTool"]
        config = ["--config", str(home / "server.properties")]
        made = subprocess.run([*storage, "random-uuid"], capture_output=True, text=True, check=True)
        subprocess.run(
            [*storage, "format", "--cluster-id", made.stdout.strip(), *config], capture_output=True, check=True
        )

    def _launch(self, program: str, jars: Path) -> None:
        config = self.directory / "kafka" / "server.properties"
        self.say(f"kafka: starting {VERSION} on {self.bootstrap}")
        self.spawn([program, *SMALL, "-cp", f"{jars}/*", "kafka.Kafka", str(config)], config)
