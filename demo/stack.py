"""The demo's parts in the order of their start; they end in the reverse order, whatever happens."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass

import psycopg
from rich.console import Console

from dataflows.flows import names as flow_names
from dataflows.kafka.topics import CLICKSTREAM
from dataflows.settings import Settings
from db.migrate import migrate
from demo import grafana, live_page, metrics, roster
from demo.feed import LESSON_BEGAN_S, Feed
from demo.home import Home, fresh_home, own_command
from demo.reader import Reader
from demo.school import SEED, school_for
from demo.steps import Steps
from demo.workers import Workers
from local.embedded_broker import PARTITIONS, MockBroker
from local.embedded_postgres import Postgres

STEPS = 7


@dataclass(frozen=True, slots=True)
class Stack:
    """What runs.

    Attributes:
        home: Where everything lies.
        server: The database's server.
        database: Its name and version.
        settings: As the workers have them.
        workers: The dataflows.
        feed: What publishes.
        reader: Reads for the view.
        dashboards: Grafana, where the machine has one.
        page: The live page.
    """

    home: Home
    server: Postgres
    database: str
    settings: Settings
    workers: Workers
    feed: Feed
    reader: Reader
    dashboards: grafana.Grafana | None
    page: live_page.LivePage

    @property
    def way_in(self) -> str:
        """The command with which somebody looks into the database while it runs."""
        return f"{own_command()} demo --psql" if self.home.kept else f"psql '{self.server.url}'"


@contextlib.contextmanager
def running(rate: float, console: Console) -> Iterator[Stack]:
    """Starts everything on an empty database and yields it while the feed is still in the past."""
    with contextlib.ExitStack() as parts:
        with Steps(console, STEPS) as steps:
            stack = _started(rate, steps, parts)
        yield stack


def _started(rate: float, steps: Steps, parts: contextlib.ExitStack) -> Stack:
    """Starts one part after another; `parts` ends them."""
    step, say = steps.step, steps.say
    with step("making an empty database"):
        home = parts.enter_context(fresh_home())
        began = time.monotonic()
        server = parts.enter_context(Postgres(home.database))
        database = _version(server)
        say(f"{database} on a socket in {home.root}, started in {time.monotonic() - began:.1f} s")
    with step("starting Kafka in memory"):
        broker = parts.enter_context(MockBroker())
        settings = _settings(server, broker, home)
        say(f"Kafka in memory (librdkafka's mock cluster) at {broker.address}: for demos only")
    with step("making tables and views"):
        report = migrate(server.url, settings=settings)
        say(f"schema at {report.to_version}, {report.database}")
    with step("starting the live page"):
        environment = _environment(settings, home)
        page = parts.enter_context(live_page.beside(server.url, home.root / "gateway", environment))
    with step("enrolling the school"):
        school = school_for(rate)
        lesson_ms = time.time_ns() // 1_000_000 - LESSON_BEGAN_S * 1000
        roster.load(school, home.root / "roster", server.url, lesson_ms=lesson_ms, timezone=settings.timezone)
        say(f"roster: {school.students:,} students in {len(school.classes)} classes")
    ports = metrics.free_ports(len(flow_names()))
    with step("looking for Prometheus and Grafana"):
        measured = parts.enter_context(metrics.beside(home.root / "prometheus", ports))
        if measured.measures:
            say(f"Prometheus is starting at {measured.address}: what the workers measure")
        dashboards = parts.enter_context(grafana.beside(server, home.root / "grafana", measured))
        if dashboards is not None:
            say(f"Grafana is starting at {dashboards.address}")
    with step("starting the flows"):
        progress = parts.enter_context(Reader(server.url))
        feed = Feed(
            settings,
            school,
            rate,
            lambda published: progress.unread(published, settings.topic(CLICKSTREAM), len(flow_names())),
            seed=SEED,
        )
        workers = Workers(environment, home.log, ports.start)
        workers.start()
        parts.callback(workers.stop)
        feed.start()
        parts.callback(feed.stop)
        reader = parts.enter_context(Reader(server.url))
        say(f"flows {', '.join(flow_names())}: `classpulse run`, as in production")
    return Stack(home, server, database, settings, workers, feed, reader, dashboards, page)


def _settings(server: Postgres, broker: MockBroker, home: Home) -> Settings:
    return Settings.model_validate(
        {
            "database_url": server.url,
            "kafka_bootstrap_servers": broker.address,
            "kafka_security_protocol": "PLAINTEXT",
            "kafka_sasl_mechanism": None,
            "kafka_sasl_username": None,
            "kafka_sasl_password": None,
            "topic_prefix": "",
            "partitions": PARTITIONS,
            "recovery_dir": home.recovery,
        }
    )


def _environment(settings: Settings, home: Home) -> dict[str, str]:
    """Returns what makes `classpulse run` have the same settings, whatever the environment and `.env` say."""
    return {
        "DATABASE_URL": settings.database_url.get_secret_value(),
        "KAFKA_BOOTSTRAP_SERVERS": settings.kafka_bootstrap_servers,
        "KAFKA_SECURITY_PROTOCOL": settings.kafka_security_protocol,
        "KAFKA_SASL_MECHANISM": "",
        "KAFKA_SASL_USERNAME": "",
        "KAFKA_SASL_PASSWORD": "",
        "CLASSPULSE_TOPIC_PREFIX": settings.topic_prefix,
        "CLASSPULSE_PARTITIONS": str(settings.partitions),
        "CLASSPULSE_TIMEZONE": settings.timezone,
        "CLASSPULSE_RECOVERY_DIR": str(home.recovery),
        # One lesson is little work: sessions, visits and the lake may be as fresh as the rest.
        "CLASSPULSE_CONTENT_COMMIT_INTERVAL_S": str(settings.commit_interval_s),
        "CLASSPULSE_HISTORY_INTERVAL_S": str(settings.commit_interval_s),
        "CLASSPULSE_LAKE_FILE_S": str(settings.commit_interval_s),
        "CLASSPULSE_LAKE_URL": str(home.lake),
        "CLASSPULSE_STATS_FILE": str(home.stats),
    }


def _version(server: Postgres) -> str:
    with psycopg.connect(server.url) as connection:
        return f"PostgreSQL {connection.info.parameter_status('server_version')}"
