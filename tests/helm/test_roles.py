"""What the chart's pods would run, run here: their commands with their environment, on a real Kafka and database."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psycopg
import pytest

from dataflows.ports import free_port
from tests.e2e.harness import ROOT, Stack, wait_until
from tests.e2e.log import read_topic
from tests.e2e.school import log_of, publish
from tests.e2e.tables import ENGAGEMENT, dump
from tests.helm.conftest import Render

FLOWS = ("engagement", "archive", "memory", "content", "stuck")


def pods(manifests: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {
        m["metadata"]["name"].removeprefix("classpulse-"): m["spec"]["template"]["spec"]["containers"][0]
        for m in manifests
        if m["kind"] in {"Job", "StatefulSet", "Deployment"}
    }


def environment(container: dict[str, Any], manifests: list[dict[str, Any]], here: Stack, member: str) -> dict[str, str]:
    """Returns what the kubelet would put into the container's environment; secrets and addresses are this test's."""
    config = {m["metadata"]["name"]: m["data"] for m in manifests if m["kind"] == "ConfigMap"}
    given = {"CLASSPULSE_RECOVERY_DIR": str(here.folder / member), "POD_IP": "127.0.0.1"}
    secrets = {"url": here.database, "migrationUrl": here.database}
    out: dict[str, str] = {}
    for source in container.get("envFrom", []):
        out |= config[source["configMapRef"]["name"]]
    for entry in container["env"]:
        secret = entry.get("valueFrom", {}).get("secretKeyRef")
        out[entry["name"]] = secrets[secret["key"]] if secret else given.get(entry["name"], entry.get("value", ""))
    return out


@pytest.mark.timeout(300)
def test_the_roles_of_the_image_do_their_work_with_the_charts_environment(
    render: Render, kafka: str, any_database: str, topic_prefix: str, tmp_path: Path
) -> None:
    here = Stack(kafka, any_database, topic_prefix, tmp_path)
    manifests = render(
        "minimal",
        f"kafka.bootstrapServers={kafka}",
        f"kafka.topicPrefix={topic_prefix}",
        "kafka.partitions=2",
        "kafka.replication=1",
        "dataflows.engagement.env.CLASSPULSE_SNAPSHOT_INTERVAL_S=1",
    )
    containers, running = pods(manifests), list[subprocess.Popen[bytes]]()

    def start(name: str, *extra: str) -> subprocess.Popen[bytes]:
        container = containers[name]
        log = (tmp_path / f"{name}.log").open("wb")
        return subprocess.Popen(
            [sys.executable, "-m", "cli.main", *container["args"], *extra],
            env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), **environment(container, manifests, here, name)},
            cwd=tmp_path,
            stdout=log,
            stderr=subprocess.STDOUT,
        )

    try:
        for job in ("migrate", "topics"):
            assert start(job).wait(120) == 0, (tmp_path / f"{job}.log").read_text()
        for flow in FLOWS:
            # On one machine the pods share an address, so each gets ports of its own.
            ports = [f"--{kind}={free_port()}" for kind in ("port", "metrics-port", "probe-port")]
            running.append(start(flow, "--member=0", *ports))
        messages = log_of(students=12, minutes=20)
        publish(kafka, here.topic(), messages)
        events = len(read_topic(kafka, here.topic()))
        for flow in FLOWS:
            wait_until(lambda flow=flow: here.offsets(flow) >= events, f"{flow}; {tmp_path} holds the logs", 120)  # type: ignore[misc]
        assert [table for table in ENGAGEMENT if not dump(here.database, table)] == []
        # Only now: a tick says that today is come, and all that the log tells of 2024 would be late.
        running.append(start("tick"))
        wait_until(lambda: here.offsets("engagement") > events, f"a tick; {tmp_path} holds the logs", 60)
        began = time.monotonic()
        for process in running:
            process.terminate()
        assert [process.wait(60) for process in running] == [0] * len(running)
        assert time.monotonic() - began < 60, "within the pods' grace"
        with psycopg.connect(here.database) as connection:
            assert connection.execute("SELECT count(*) FROM cluster_members").fetchone() == (0,)
    finally:
        for process in running:
            process.kill()
