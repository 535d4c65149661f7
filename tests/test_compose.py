"""The Compose stack: valid, pinned, loopback only, without default passwords, and in step with the code."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from cli.main import COMMANDS
from dataflows.flows import names
from tests.parts import require

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docker-compose.yml").read_text()
MAKEFILE = (ROOT / "Makefile").read_text()
STACK: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = STACK["services"]
FLOW_OF = {name: s["command"][1] for name, s in SERVICES.items() if s.get("command", [""])[0] == "member"}
OURS = sorted(name for name, service in SERVICES.items() if service["image"].startswith("classpulse:"))
ONE_SHOT = {"migrate", "topics"}
MESSENGERS = {"alert-files", "remind"}


def test_the_file_fits_the_compose_specification() -> None:
    check = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", "docker-compose.yml"]
    said = subprocess.run(check, cwd=ROOT, capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stdout + said.stderr


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_an_image_is_pinned_to_a_version(name: str) -> None:
    assert re.search(r":v?\d+\.\d+\.\d+", SERVICES[name]["image"])


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_ports_are_bound_to_loopback(name: str) -> None:
    assert all(port.startswith("127.0.0.1:") for port in SERVICES[name].get("ports", []))


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_a_service_has_no_capabilities_and_gains_none(name: str) -> None:
    assert SERVICES[name]["cap_drop"] == ["ALL"]
    assert SERVICES[name]["security_opt"] == ["no-new-privileges:true"]


@pytest.mark.parametrize("name", OURS)
def test_our_own_containers_write_to_volumes_only(name: str) -> None:
    assert SERVICES[name]["read_only"] is True


@pytest.mark.parametrize("name", OURS)
def test_a_command_of_the_stack_exists(name: str) -> None:
    assert SERVICES[name]["command"][0] in COMMANDS


@pytest.mark.parametrize("name", sorted(SERVICES.keys() - ONE_SHOT - MESSENGERS - {"tick", "simulate", "lake-compact"}))
def test_a_service_that_answers_says_when_it_is_healthy(name: str) -> None:
    assert SERVICES[name]["healthcheck"]["test"]


def test_every_flow_has_a_worker_and_its_first_member_alone_keeps_a_volume() -> None:
    assert set(FLOW_OF.values()) == set(names())
    for name in FLOW_OF:
        first = SERVICES[name]["command"][-1] == "0"
        assert bool(SERVICES[name].get("volumes")) is first, name
        assert ("profiles" in SERVICES[name]) is not first, name


def test_with_three_brokers_make_up_asks_for_three_copies_of_which_two_must_be_written() -> None:
    brokers = [name for name in SERVICES if name.startswith("kafka")]
    settings = dict(re.findall(r"(CLASSPULSE_\w+)=(\S+)", re.search(r"^HA := (.*)$", MAKEFILE, re.M)[1]))  # type: ignore[index]
    assert settings["CLASSPULSE_REPLICATION"] == "3" == str(len(brokers))
    assert settings["CLASSPULSE_COMPOSE_MIN_INSYNC"] == "2"
    assert settings["CLASSPULSE_COMPOSE_BROKERS"] == ",".join(f"{name}:9092" for name in brokers)
    assert settings["CLASSPULSE_COMPOSE_VOTERS"] == ",".join(f"{n}@{name}:9093" for n, name in enumerate(brokers, 1))
    assert [SERVICES[name]["environment"]["KAFKA_NODE_ID"] for name in brokers] == ["1", "2", "3"]


@pytest.mark.parametrize("name", sorted(FLOW_OF))
def test_a_worker_starts_after_the_migration_and_the_topics(name: str) -> None:
    needs = SERVICES[name]["depends_on"]
    assert {needs[job]["condition"] for job in ONE_SHOT} == {"service_completed_successfully"}


@pytest.mark.parametrize("name", ["migrate", *sorted(FLOW_OF)])
def test_whoever_counts_days_is_told_the_deployments_time_zone(name: str) -> None:
    assert SERVICES[name]["environment"]["CLASSPULSE_TIMEZONE"] == "${CLASSPULSE_TIMEZONE:-UTC}"


def test_what_a_service_waits_for_is_in_the_stack() -> None:
    needed = {name for service in SERVICES.values() for name in service.get("depends_on", {})}
    assert needed <= SERVICES.keys()


def test_every_secret_is_made_by_make_up_and_none_has_a_default() -> None:
    made = re.search(r"^SECRETS := (.*)$", MAKEFILE, re.MULTILINE)
    assert made is not None
    wanted = set(re.findall(r"\$\{(\w*(?:PASSWORD|_KEY)\w*):\?run make up\}", TEXT))
    assert wanted == set(made[1].split())
    # The mail server's is somebody else's to make, and without it nothing is sent there; pseudonyms are off by default.
    others = {"CLASSPULSE_SMTP_PASSWORD", "CLASSPULSE_PSEUDONYM_KEY"}
    assert set(re.findall(r"(?<!\$)\$\{(\w*(?:PASSWORD|_KEY)\w*)", TEXT)) == wanted | others


def test_a_variable_of_ours_is_a_documented_setting() -> None:
    documented = set(re.findall(r"^(?:# )?([A-Z][A-Z0-9_]*)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    given = {name for ours in OURS for name in SERVICES[ours].get("environment", {})}
    image = set(re.findall(r"\b(CLASSPULSE_\w+)=", (ROOT / "Dockerfile").read_text()))
    composed = {name for name in given if name.startswith("CLASSPULSE_COMPOSE_")}
    assert (given - composed) | image <= documented


def test_grafana_is_given_every_variable_that_its_provisioning_reads() -> None:
    files = [path for path in (ROOT / "grafana" / "provisioning").rglob("*.y*ml")]
    read = {name for path in files for name in re.findall(r"\$\{?(CLASSPULSE_\w+)", path.read_text())}
    assert read <= SERVICES["grafana"]["environment"].keys()


def test_grafana_starts_with_the_alert_files_that_it_alone_may_read() -> None:
    writer, grafana = SERVICES["alert-files"], SERVICES["grafana"]
    assert grafana["depends_on"]["alert-files"] == {"condition": "service_completed_successfully"}
    [mount] = [volume for volume in grafana["volumes"] if isinstance(volume, dict)]
    assert (mount["source"], mount["read_only"], mount["volume"]) == ("alerting", True, {"nocopy": True})
    assert writer["volumes"] == [f"alerting:{writer['command'][3]}"]
    assert writer["user"].endswith(":0")  # the group that Grafana's image runs in


def test_messages_wait_at_the_same_times_whoever_sends_them() -> None:
    wanted = {f"CLASSPULSE_{name}" for name in ("TIMEZONE", "SCHOOL_HOURS", "NIGHT", "HOLIDAYS")}
    given = [
        {name: SERVICES[service]["environment"][name] for name in wanted}
        for service in ("alert-files", "remind", "alertmanager")
    ]
    assert given[0] == given[1] == given[2]


@pytest.mark.parametrize("name", sorted(MESSENGERS))
def test_who_sends_messages_reads_what_messages_need_and_nothing_else(name: str) -> None:
    assert "//classpulse_messages:" in SERVICES[name]["environment"]["DATABASE_URL"]
    assert "IN ROLE classpulse_messenger;" in TEXT


def test_prometheus_scrapes_every_worker_where_it_listens() -> None:
    jobs = yaml.safe_load((ROOT / "prometheus" / "prometheus.yml").read_text())["scrape_configs"]
    found = next(job for job in jobs if job["job_name"] == "classpulse")["dns_sd_configs"][0]
    assert (set(found["names"]), found["port"]) == (set(FLOW_OF), 3030)


def test_promtool_accepts_the_configuration_of_prometheus() -> None:
    promtool = shutil.which("promtool")
    require("promtool", promtool is not None, "promtool is not installed")
    said = subprocess.run(
        [str(promtool), "check", "config", "prometheus/prometheus.yml"], cwd=ROOT, capture_output=True, check=False
    )
    assert said.returncode == 0, said.stdout


def test_the_image_runs_as_a_user_without_rights_from_the_locked_dependencies() -> None:
    lines = (ROOT / "Dockerfile").read_text()
    assert re.search(r"^USER 10001:10001$", lines, re.MULTILINE)
    assert "--require-hashes --requirement requirements.lock" in lines
    assert all(re.search(r"FROM \S+:\d+\.\d+\.\d+", line) for line in lines.splitlines() if line.startswith("FROM"))


def test_hadolint_finds_nothing_in_the_image_definition() -> None:
    hadolint = Path(sys.executable).with_name("hadolint")
    said = subprocess.run([hadolint, "Dockerfile"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stdout + said.stderr
