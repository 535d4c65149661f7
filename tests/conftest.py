"""Fixtures over real servers: one Kafka and one PostgreSQL of each kind a test session, one database a test.

They start when the first test asks for them, are shared by the workers of pytest-xdist, and end with the session.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient

from dataflows.settings import Settings
from local.kafka import Kafka
from local.managed_server import PartMissingError, exclusive
from local.postgres import Postgres
from tests.databases import migrated_database, new_database
from tests.parts import require

DIRECTORY = "CLASSPULSE_TEST_SERVICES"  # the session's folder of servers, told to xdist's workers
LONG = {"e2e", "rebuild", "truth", "oracle"}  # folders of which a file takes a minute
EITHER = ["timescaledb", pytest.param("postgresql", marks=pytest.mark.soak)]
KEPT = {DIRECTORY, "CLASSPULSE_REQUIRE", "CLASSPULSE_DATA"}


def session_parts(directory: Path) -> tuple[Kafka, Postgres, Postgres]:
    """Returns the servers of a test session; nothing is started yet."""
    return (
        Kafka(directory),
        Postgres(directory, name="plain", timescaledb=False, durable=False),
        Postgres(directory, name="timescale", timescaledb=True, durable=False),
    )


def pytest_configure(config: pytest.Config) -> None:
    if hasattr(config, "workerinput"):
        return
    for leftover in Path(tempfile.gettempdir()).glob("classpulse-tests-*"):
        if not psutil.pid_exists(int(leftover.name.rsplit("-", 1)[1])):  # a session that was killed
            remove_services(leftover)
    os.environ[DIRECTORY] = str(Path(tempfile.gettempdir()) / f"classpulse-tests-{os.getpid()}")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Gives the workers of pytest-xdist the long files first: none of them is left to one worker at the end."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        items.sort(key=lambda item: not LONG & set(item.path.parts))


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput") and DIRECTORY in os.environ:
        remove_services(Path(os.environ[DIRECTORY]))


def remove_services(directory: Path) -> None:
    for part in session_parts(directory):
        part.destroy()
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keeps the developer's own settings (environment, `.env`) out of every test."""
    for name in os.environ:
        if re.match("CLASSPULSE_|KAFKA_|DATABASE_URL$", name) and name not in KEPT and not name.endswith("_TEST"):
            monkeypatch.delenv(name)
    monkeypatch.setitem(Settings.model_config, "env_file", None)


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The real logs (CLASSPULSE_DATA, else beside the repository)."""
    folder = Path(os.environ.get("CLASSPULSE_DATA", Path(__file__).parents[2] / "shared" / "data"))
    require("data", folder.is_dir(), f"{folder} does not exist")
    return folder


@pytest.fixture(scope="session")
def kafka() -> str:
    """The address of a real Kafka with append-time topics, 4 partitions by default and no automatic topics."""
    if given := os.environ.get("KAFKA_BOOTSTRAP_SERVERS_TEST"):
        return given
    part = session_parts(Path(os.environ[DIRECTORY]))[0]
    start("kafka", part)
    return part.bootstrap


@pytest.fixture(scope="session")
def postgres_server() -> Postgres:
    """A plain PostgreSQL, without TimescaleDB."""
    part = session_parts(Path(os.environ[DIRECTORY]))[1]
    start("postgres", part)
    return part


@pytest.fixture(scope="session")
def timescale_server() -> Postgres:
    """A PostgreSQL with TimescaleDB preloaded."""
    part = session_parts(Path(os.environ[DIRECTORY]))[2]
    start("timescale", part)
    return part


@pytest.fixture(params=["postgresql", "timescaledb"])
def any_server(request: pytest.FixtureRequest) -> Postgres:
    """A server of each of the two kinds."""
    server: Postgres = request.getfixturevalue(
        "postgres_server" if request.param == "postgresql" else "timescale_server"
    )
    return server


@pytest.fixture
def postgres_url(postgres_server: Postgres) -> Iterator[str]:
    """A new empty database on plain PostgreSQL."""
    with new_database(postgres_server) as url:
        yield url


@pytest.fixture
def timescale_url(timescale_server: Postgres) -> Iterator[str]:
    """A new empty database on a server with TimescaleDB; the extension is not created in it."""
    with new_database(timescale_server) as url:
        yield url


@pytest.fixture
def any_database(any_server: Postgres) -> Iterator[str]:
    """A new empty database, once on each of the two kinds."""
    with new_database(any_server) as url:
        yield url


@pytest.fixture(params=EITHER)
def either_database(request: pytest.FixtureRequest) -> str:
    """A new empty database, for what takes long and is the same on both kinds; `make soak` runs it on the other."""
    url: str = request.getfixturevalue("timescale_url" if request.param == "timescaledb" else "postgres_url")
    return url


@pytest.fixture
def migrated_postgres(postgres_server: Postgres) -> Iterator[str]:
    """A database of the current schema on plain PostgreSQL."""
    with migrated_database(postgres_server) as url:
        yield url


@pytest.fixture
def migrated_timescale(timescale_server: Postgres) -> Iterator[str]:
    """The same on TimescaleDB; its jobs run only when a test runs them."""
    with migrated_database(timescale_server) as url:
        yield url


@pytest.fixture
def migrated_any(any_server: Postgres) -> Iterator[str]:
    """The same, once on each of the two kinds."""
    with migrated_database(any_server) as url:
        yield url


@pytest.fixture(params=EITHER)
def migrated_either(request: pytest.FixtureRequest) -> str:
    """The same on TimescaleDB alone; `make soak` runs it on the other kind."""
    url: str = request.getfixturevalue("migrated_timescale" if request.param == "timescaledb" else "migrated_postgres")
    return url


@pytest.fixture
def mock_kafka() -> Iterator[str]:
    """The address of an in-memory broker of one's own (librdkafka's mock cluster)."""
    keeper = Producer({"bootstrap.servers": "mock", "test.mock.num.brokers": 1, "log_level": 3})
    brokers = keeper.list_topics(timeout=10).brokers.values()
    yield ",".join(f"{broker.host}:{broker.port}" for broker in brokers)
    del keeper


@pytest.fixture
def topic_prefix(request: pytest.FixtureRequest) -> Iterator[str]:
    """A topic prefix that no other test has; on the real Kafka its topics are deleted after the test."""
    prefix = f"t{uuid.uuid4().hex[:10]}."
    yield prefix
    if "kafka" in request.fixturenames:
        admin = AdminClient({"bootstrap.servers": request.getfixturevalue("kafka")})
        if mine := [topic for topic in admin.list_topics(timeout=10).topics if topic.startswith(prefix)]:
            for deleted in admin.delete_topics(mine).values():
                deleted.result(timeout=30)


def start(part_name: str, part: Kafka | Postgres) -> None:
    """Starts a server once for all workers, or skips the test with the reason."""
    missing = ""
    part.directory.mkdir(mode=0o711, exist_ok=True)
    with exclusive(part.directory):
        try:
            part.start()
        except PartMissingError as error:
            missing = str(error)
    require(part_name, not missing, missing)
