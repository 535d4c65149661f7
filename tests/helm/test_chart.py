"""The chart: linted, valid against Kubernetes' own schemas, and saying what its values say."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import kubernetes_validate  # type: ignore[import-untyped]
import pytest

from cli.main import COMMANDS
from cli.run import FLOWS
from dataflows.settings import Settings
from grafana import chart_copies
from tests.helm.conftest import CHART, Render

VALUES = sorted(path.name.removesuffix("-values.yaml") for path in (CHART / "ci").glob("*-values.yaml"))
FOREIGN = {"PodMonitor", "PrometheusRule", "ScaledObject"}
"""Kinds of operators; Kubernetes has no schemas of them."""

Helm = Callable[..., subprocess.CompletedProcess[str]]


def of_kind(manifests: list[dict[str, Any]], kind: str) -> dict[str, dict[str, Any]]:
    return {m["metadata"]["name"]: m for m in manifests if m["kind"] == kind}


def pods(manifests: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    kinds = ("StatefulSet", "Deployment", "Job", "CronJob")
    specs = {m["metadata"]["name"]: m["spec"] for m in manifests if m["kind"] in kinds}
    return {name: spec.get("jobTemplate", {"spec": spec})["spec"]["template"]["spec"] for name, spec in specs.items()}


def environment(pod: dict[str, Any]) -> dict[str, Any]:
    return {e["name"]: e.get("value", e.get("valueFrom")) for e in pod["containers"][0]["env"]}


@pytest.mark.parametrize("values", VALUES)
def test_the_chart_lints_with_every_values_file(run_helm: Helm, values: str) -> None:
    said = run_helm("lint", ".", "--strict", "--kube-version", "1.31.0", "--values", f"ci/{values}-values.yaml")
    assert said.returncode == 0, said.stdout + said.stderr


@pytest.mark.parametrize("values", VALUES)
@pytest.mark.parametrize("kubernetes", ["1.27", "1.31", "1.36"])
def test_every_manifest_is_valid_for_kubernetes(render: Render, values: str, kubernetes: str) -> None:
    manifests = render(values)
    assert manifests
    for manifest in manifests:
        if manifest["kind"] not in FOREIGN:
            kubernetes_validate.validate(manifest, kubernetes, strict=True)


@pytest.mark.parametrize("values", VALUES)
def test_a_pod_has_no_root_no_capabilities_no_token_and_a_root_folder_that_it_cannot_write(
    render: Render, values: str
) -> None:
    for name, pod in pods(render(values)).items():
        assert pod["securityContext"]["runAsNonRoot"] is True, name
        assert pod["securityContext"]["runAsUser"] == 10001, name
        assert pod["automountServiceAccountToken"] is False, name
        for container in pod["containers"]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }, name
            assert container["resources"]["limits"]["memory"], name


@pytest.mark.parametrize("values", VALUES)
def test_what_a_container_runs_is_a_command_of_ours_with_a_flow_of_ours(render: Render, values: str) -> None:
    for name, pod in pods(render(values)).items():
        command, *arguments = pod["containers"][0]["args"]
        assert command in COMMANDS, name
        own = {"lake": ["compact"], "student": ["erase", "--nightly", "--receipt", "/dev/stdout"]}
        assert arguments == own[command] if command in own else all(a in FLOWS for a in arguments), name


def test_scaling_changes_the_number_of_pods_and_nothing_else(render: Render) -> None:
    one, four = render("minimal"), render("minimal", "dataflows.engagement.workers=4")
    assert of_kind(four, "StatefulSet")["classpulse-engagement"]["spec"].pop("replicas") == 4
    assert of_kind(one, "StatefulSet")["classpulse-engagement"]["spec"].pop("replicas") == 1
    without_size = [[m for m in rendered if m["kind"] != "NOTES"] for rendered in (one, four)]
    assert without_size[0] == without_size[1], "a changed template would replace the pods one by one"


def test_a_volume_belongs_to_one_pod(render: Render) -> None:
    for name, workload in of_kind(render("full"), "StatefulSet").items():
        claims = workload["spec"]["volumeClaimTemplates"]
        assert [claim["spec"]["accessModes"] for claim in claims] == [["ReadWriteOnce"]], name
        volumes = workload["spec"]["template"]["spec"]["volumes"]
        assert not any("persistentVolumeClaim" in volume for volume in volumes), name


def test_members_are_probed_for_what_they_do_and_meet_before_they_are_ready(render: Render) -> None:
    manifests = render("minimal")
    container = of_kind(manifests, "StatefulSet")["classpulse-memory"]["spec"]["template"]["spec"]["containers"][0]
    assert container["livenessProbe"]["httpGet"]["path"] == "/livez"
    assert container["readinessProbe"]["httpGet"]["path"] == "/readyz"
    assert environment({"containers": [container]})["POD_IP"] == {"fieldRef": {"fieldPath": "status.podIP"}}
    service = of_kind(manifests, "Service")["classpulse-memory"]["spec"]
    assert (service["clusterIP"], service["publishNotReadyAddresses"]) == ("None", True)


def test_with_autoscaling_the_size_is_left_to_it_and_comes_down_slowly(render: Render) -> None:
    manifests = render("full")
    assert "replicas" not in of_kind(manifests, "StatefulSet")["classpulse-engagement"]["spec"]
    scaler = of_kind(manifests, "ScaledObject")["classpulse-engagement"]["spec"]
    assert (scaler["minReplicaCount"], scaler["maxReplicaCount"]) == (2, 12)
    down = scaler["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]["scaleDown"]
    assert down["stabilizationWindowSeconds"] == 900
    assert 'consumer_group="classpulse-engagement"' in scaler["triggers"][0]["metadata"]["query"]
    assert not of_kind(render("minimal"), "ScaledObject")


def test_migrations_and_topics_run_before_anything_else_with_the_rights_that_they_need(render: Render) -> None:
    manifests = render("minimal")
    for name, job in of_kind(manifests, "Job").items():
        assert job["metadata"]["annotations"]["helm.sh/hook"] == "pre-install,pre-upgrade", name
        assert "envFrom" not in job["spec"]["template"]["spec"]["containers"][0], "a hook runs before the ConfigMap"
    keys: dict[str, Any] = {name: environment(pod).get("DATABASE_URL") for name, pod in pods(manifests).items()}
    assert keys["classpulse-migrate"]["secretKeyRef"]["key"] == "migrationUrl"
    assert keys["classpulse-engagement"]["secretKeyRef"]["key"] == "url"
    assert keys["classpulse-tick"] is None


def test_no_secret_is_written_where_one_exists(render: Render) -> None:
    assert not of_kind(render("minimal"), "Secret")
    assert set(of_kind(render("inline-secret"), "Secret")["classpulse-database"]["stringData"]) == {
        "url",
        "migrationUrl",
    }


def test_a_flow_that_is_off_leaves_nothing(render: Render) -> None:
    named = [m["metadata"]["name"] for m in render("minimal", "dataflows.memory.enabled=false")]
    assert named
    assert not [name for name in named if "memory" in name]


def test_every_board_is_in_a_configmap_with_the_sidecars_label_and_its_folder(render: Render) -> None:
    boards = [
        m
        for m in of_kind(render("full"), "ConfigMap").values()
        if "grafana_dashboard" in m["metadata"].get("labels", {})
    ]
    files = sorted((CHART.parents[1] / "grafana" / "dashboards").rglob("*.json"))
    assert sorted(next(iter(b["data"])) for b in boards) == sorted(f.name for f in files)
    assert {b["metadata"]["annotations"]["grafana_folder"] for b in boards} == {f.parent.name for f in files}


def test_reminders_are_sent_daily_by_the_schools_clock_with_rights_of_their_own_and_only_if_asked_for(
    render: Render,
) -> None:
    job = of_kind(render("full"), "CronJob")["classpulse-remind"]["spec"]
    assert (job["schedule"], job["timeZone"], job["concurrencyPolicy"]) == ("30 16 * * *", "Europe/Berlin", "Forbid")
    given = environment(job["jobTemplate"]["spec"]["template"]["spec"])
    assert given["DATABASE_URL"]["secretKeyRef"] == {"name": "classpulse-messages", "key": "url"}
    assert "classpulse-remind" not in of_kind(render("minimal"), "CronJob")


def test_late_events_are_added_every_night_by_the_owner_of_the_database(render: Render) -> None:
    job = of_kind(render("full"), "CronJob")["classpulse-nightly"]["spec"]
    assert (job["schedule"], job["timeZone"], job["concurrencyPolicy"]) == ("30 4 * * *", "Europe/Berlin", "Forbid")
    given = environment(job["jobTemplate"]["spec"]["template"]["spec"])
    assert given["DATABASE_URL"]["secretKeyRef"]["key"] == "migrationUrl"
    assert not of_kind(render("minimal", "nightly.enabled=false"), "CronJob")


def test_who_waits_is_erased_every_night_and_every_pod_knows_who_was(render: Render) -> None:
    manifests = render("full")
    job = of_kind(manifests, "CronJob")["classpulse-erase"]["spec"]
    assert (job["schedule"], job["timeZone"], job["concurrencyPolicy"]) == ("0 2 * * *", "Europe/Berlin", "Forbid")
    given = environment(job["jobTemplate"]["spec"]["template"]["spec"])
    assert given["DATABASE_URL"]["secretKeyRef"]["key"] == "migrationUrl"
    assert given["CLASSPULSE_RECEIPT_KEY"]["secretKeyRef"] == {"name": "classpulse-privacy", "key": "receiptKey"}
    for name, worker in of_kind(manifests, "StatefulSet").items():
        given = environment(worker["spec"]["template"]["spec"])
        assert given["CLASSPULSE_ERASURE_KEY"]["secretKeyRef"]["key"] == "erasureKey", name
        assert "CLASSPULSE_RECEIPT_KEY" not in given, name
    assert "classpulse-erase" not in of_kind(render("minimal"), "CronJob")


def test_the_lake_runs_with_a_bucket_and_is_compacted_every_hour(render: Render) -> None:
    manifests = render("full")
    job = of_kind(manifests, "CronJob")["classpulse-lake-compact"]["spec"]
    assert (job["schedule"], job["concurrencyPolicy"]) == ("5 * * * *", "Forbid")
    for pod in (
        job["jobTemplate"]["spec"]["template"]["spec"],
        of_kind(manifests, "StatefulSet")["classpulse-lake"]["spec"]["template"]["spec"],
    ):
        given = environment(pod)
        assert given["CLASSPULSE_LAKE_URL"] == "s3://school9-lake/events"
        assert given["AWS_SECRET_ACCESS_KEY"]["secretKeyRef"] == {"name": "classpulse-lake", "key": "secretAccessKey"}
    assert "classpulse-lake" not in of_kind(render("minimal"), "StatefulSet")


def test_a_network_policy_lets_in_members_and_the_scraper_only(render: Render) -> None:
    policy = of_kind(render("full"), "NetworkPolicy")["classpulse"]["spec"]
    assert [[p["port"] for p in rule["ports"]] for rule in policy["ingress"]] == [[2101], [3030], [3001]]
    assert [[p["port"] for p in rule["ports"]] for rule in policy["egress"]] == [
        [53, 53],
        [2101],
        [9093, 5432],
        [443],
        [587],
    ]


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("dataflows.engagement.workers=0", "/dataflows/engagement/workers"),
        ("dataflows.engagement.workers=two", "got string, want integer"),
        ("dataflow.engagement.workers=2", "additional properties 'dataflow' not allowed"),
        ("kafka.bootstrapServers=kafka", "/kafka/bootstrapServers"),
        ("kafka.securityProtocol=SASL_SSL", "/kafka/existingSecret"),
        ("settings.CLASSPULSE_DB_PASSWORD=x", "invalid propertyName 'CLASSPULSE_DB_PASSWORD'"),
        ("image.digest=latest", "/image/digest"),
        ("dataflows.archive.storage.size=lots", "/dataflows/archive/storage/size"),
    ],
)
def test_a_wrong_value_is_refused_by_its_name(run_helm: Helm, setting: str, said: str) -> None:
    answer = run_helm("template", "x", ".", "--values", "ci/minimal-values.yaml", "--set", setting)
    assert answer.returncode != 0
    assert said in answer.stderr


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (("kafka.partitions=4", "dataflows.content.workers=5"), "content.workers is 5 and kafka.partitions 4"),
        (
            ("dataflows.archive.autoscaling.enabled=true", "dataflows.archive.autoscaling.min=9"),
            "autoscaling.min is 9 and its max 8",
        ),
        (
            (
                "kafka.partitions=4",
                "dataflows.memory.autoscaling.enabled=true",
                "dataflows.memory.autoscaling.min=5",
            ),
            "memory.autoscaling.min is 5 and kafka.partitions 4",
        ),
        (("dataflows.lake.enabled=true",), "needs lake.url"),
        (("kafka.saslMechanism=PLAIN",), "need a securityProtocol with SASL, and it is PLAINTEXT"),
        (("kafka.tls.existingSecret=ca",), "needs the securityProtocol SSL or SASL_SSL, and it is PLAINTEXT"),
        (
            ("kafka.securityProtocol=SSL", "kafka.tls.existingSecret=ca", "kafka.tls.certKey=tls.crt"),
            "kafka.tls.certKey and kafka.tls.keyKey belong together",
        ),
        (("database.url=postgresql://x/y",), "two answers to one question"),
        (("settings.CLASSPULSE_PARTITIONS=12",), "set kafka.partitions instead"),
    ],
)
def test_values_that_contradict_each_other_are_refused_in_words(
    run_helm: Helm, settings: tuple[str, ...], said: str
) -> None:
    sets = [part for setting in settings for part in ("--set", setting)]
    answer = run_helm("template", "x", ".", "--values", "ci/minimal-values.yaml", "--kube-version", "1.31.0", *sets)
    assert answer.returncode != 0
    assert said in answer.stderr


def templates(manifests: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Returns the pod templates, the pod of `helm test` among them."""
    kinds = ("StatefulSet", "Deployment", "Job", "CronJob")
    specs = {m["metadata"]["name"]: m["spec"] for m in manifests if m["kind"] in kinds}
    found = {name: spec.get("jobTemplate", {"spec": spec})["spec"]["template"] for name, spec in specs.items()}
    return found | of_kind(manifests, "Pod")


def test_what_an_operator_adds_is_in_every_pod(render: Render) -> None:
    found = templates(render("everywhere"))
    assert {name.removeprefix("school-pulse-") for name in found} >= {
        "engagement",
        "tick",
        "migrate",
        "nightly",
        "test",
    }
    for name, template in found.items():
        meta, pod = template["metadata"], template["spec"]
        assert meta["labels"]["team"] == "learning", name
        assert meta["labels"]["app.kubernetes.io/name"] == "pulse", name
        assert meta["annotations"]["example.org/scrape"] == "no", name
        assert pod["priorityClassName"] == "school", name
        given = environment(pod)
        assert given["HTTPS_PROXY"] == "http://proxy:3128", name
        mounts = {mount["name"]: mount["mountPath"] for mount in pod["containers"][0]["volumeMounts"]}
        volumes = {volume["name"] for volume in pod["volumes"]}
        assert mounts["certificates"] == "/certificates", name
        assert {"tmp", "kafka-tls", "database-tls", "certificates"} <= volumes, name
        assert set(mounts) - {"recovery", "spool"} == volumes, name
        assert (given["PGSSLMODE"], given["PGSSLROOTCERT"]) == ("verify-full", "/etc/classpulse/database/ca.crt"), name
        if "KAFKA_BOOTSTRAP_SERVERS" in given:
            assert given["KAFKA_SSL_CA_LOCATION"] == "/etc/classpulse/kafka/root.pem", name
            assert given["KAFKA_SSL_KEY_LOCATION"] == "/etc/classpulse/kafka/tls.key", name


def test_the_account_bears_what_the_cloud_wants(render: Render) -> None:
    (account,) = of_kind(render("everywhere"), "ServiceAccount").values()
    assert account["metadata"]["annotations"]["eks.amazonaws.com/role-arn"] == "arn:aws:iam::1:role/pulse"
    assert account["metadata"]["annotations"]["helm.sh/hook"] == "pre-install,pre-upgrade"


def test_helm_test_asks_the_doctor(render: Render) -> None:
    (pod,) = of_kind(render("minimal"), "Pod").values()
    assert pod["metadata"]["annotations"]["helm.sh/hook"] == "test"
    assert pod["spec"]["containers"][0]["args"] == ["doctor"]


def test_the_files_of_kafkas_tls_reach_its_clients() -> None:
    given = {
        "KAFKA_SECURITY_PROTOCOL": "SSL",
        "KAFKA_SSL_CA_LOCATION": "/ca.pem",
        "KAFKA_SSL_CERTIFICATE_LOCATION": "/tls.crt",
        "KAFKA_SSL_KEY_LOCATION": "/tls.key",
    }
    config = Settings(**given).kafka_config()  # type: ignore[arg-type]
    assert config["ssl.ca.location"] == "/ca.pem"
    assert config["ssl.certificate.location"] == "/tls.crt"
    assert config["ssl.key.location"] == "/tls.key"
    assert "ssl.ca.location" not in Settings().kafka_config()


def test_what_is_required_and_missing_is_asked_for_in_words(run_helm: Helm) -> None:
    answer = run_helm("template", "x", ".", "--kube-version", "1.31.0", "--set", "kafka.bootstrapServers=k:9092")
    assert "database.existingSecret, or database.url and database.migrationUrl, is required" in answer.stderr


def test_settings_in_the_values_are_documented_settings() -> None:
    documented = set(re.findall(r"^(?:# )?([A-Z][A-Z0-9_]*)=", (CHART.parents[1] / ".env.example").read_text(), re.M))
    own = [f for f in CHART.rglob("*.y*ml") if CHART / "files" not in f.parents]
    named = {n for f in own for n in re.findall(r"\bCLASSPULSE_[A-Z_]+[A-Z]\b", f.read_text())}
    assert named <= documented, named - documented


def test_the_chart_holds_copies_of_boards_and_rules_as_they_are(tmp_path: Path) -> None:
    assert not chart_copies.outdated()
    (tmp_path / "prometheus/rules").mkdir(parents=True)
    (tmp_path / "prometheus/rules/lag.yml").write_text("groups: []")
    (tmp_path / "helm/classpulse/files/rules").mkdir(parents=True)
    (tmp_path / "helm/classpulse/files/rules/old.yml").write_text("groups: []")
    assert [path.name for path in chart_copies.write(tmp_path)] == ["lag.yml", "old.yml"]
    assert [path.name for path in (tmp_path / "helm").rglob("*.yml")] == ["lag.yml"]


def test_the_readme_lists_the_values_as_they_are() -> None:
    check = [sys.executable, str(CHART.parent / "values_table.py"), "--check"]
    said = subprocess.run(check, capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stdout


def test_the_learning_alerts_are_in_configmaps_for_the_alert_sidecar(render: Render) -> None:
    found = [m for m in of_kind(render("full"), "ConfigMap").values() if "grafana_alert" in m["metadata"]["labels"]]
    files = (CHART.parents[1] / "grafana" / "provisioning" / "alerting").glob("*.yml")
    shown = {name: text for m in found for name, text in m["data"].items()}
    assert shown == {file.name: file.read_text().rstrip("\n") for file in files}
