"""Each pipeline alert through real Prometheus and Alertmanager: told once, in words, and taken back."""

from __future__ import annotations

import json
import re
import shutil
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from local.alertmanager import PROGRAMS
from local.prometheus import RULES
from tests.alerting.fakes import Way, Worker, way
from tests.alerting.mailbox import words
from tests.parts import require
from tests.waiting import until

PATIENCE_S = 60.0
LAG = 'watermark_lag_seconds{topic="t",partition="0"}'

SUMMARIES = {
    "AlertDeliveryFailing": "Alerts cannot be sent by slack",
    "ConsumerLagGrowing": r"behind is falling behind Kafka: [\d.]+k? records are waiting",
    "DatabaseJobsFailing": "The database's job refresh hours fails",
    "DatabaseJobsLate": "The database's job compress is 20m 0s late",
    "DatabaseWritesFailing": "failing cannot write to the database",
    "DatabaseWritesSlow": r"Writing events takes \d+ ms",
    "DiskFilling": r"Disk [\d.:]+:/filling has 8% left",
    "DiskFull": r"Disk [\d.:]+:/full has only 4% left",
    "EventLagHigh": "late is 8s behind",
    "FlowDown": "No worker of gone runs",
    "FreshnessSlow": r"slow takes \d[\d.]*s from Kafka to the database",
    "LakeWritesFailing": "The lake takes no files",
    "NightlyOverdue": "Late events have waited 1d 3h",
    "NoEventsInSchoolHours": "No events, and school is on",
    "NoTicks": "No progress ticks arrive from Kafka",
    "PipelineStalled": "stalled has made no progress for 1m 30s",
    "RejectsHigh": r"\d+(\.\d+)?% of t are refused: bad_type",
    "SnapshotTooOld": "old has saved no snapshot for 5m 0s",
    "StudentTaskMoves": "A producer does not key by student",
    "VerifyDiffers": "3 rows are not what the lake says",
    "WorkerDown": r"Worker 127\.0\.0\.1:\d+ does not answer \(and 1 more\)",
    "WorkerRestarting": r"Worker 127\.0\.0\.1:\d+ keeps restarting",
}


@pytest.fixture
def workers() -> dict[str, Worker]:
    names = ("quiet", "gone", "late", "stalled", "behind", "slow", "old", "failing", "broken")
    found = {name: Worker(name) for name in names}
    return found | {"broken-2": Worker("broken"), "broken-3": Worker("broken")}


@pytest.fixture
def here(tmp_path: Path, workers: dict[str, Worker]) -> Iterator[Way]:
    require("prometheus", shutil.which("prometheus") is not None, "prometheus is not installed")
    require("alertmanager", any(map(shutil.which, PROGRAMS)), "alertmanager is not installed")
    with way(tmp_path, list(workers.values())) as found:
        yield found


def slack(here: Way, summary: str, *, resolved: bool = False) -> list[str]:
    """Returns the texts of the Slack messages under a title."""
    title = re.compile(f"{'Resolved: ' if resolved else '(Critical: )?'}{summary}")
    attachments = [attachment for message in here.slack.messages for attachment in message.body["attachments"]]
    return [a["text"] for a in attachments if title.match(a["title"])]


def mails(here: Way, summary: str, *, resolved: bool = False) -> list[str]:
    title = re.compile(f"{'Resolved: ' if resolved else '(Critical: )?'}{summary}")
    return [words(mail) for mail in here.mail.messages if title.match(str(mail["Subject"]))]


def arrived(here: Way, *alerts: str, resolved: bool = False) -> None:
    def all_here() -> bool:
        return all(
            slack(here, SUMMARIES[a], resolved=resolved) and mails(here, SUMMARIES[a], resolved=resolved)
            for a in alerts
        )

    try:
        until(all_here, PATIENCE_S)
    except AssertionError:
        missing = [a for a in alerts if not slack(here, SUMMARIES[a], resolved=resolved)]
        titles = [m.body["attachments"][0]["title"] for m in here.slack.messages]
        pytest.fail(f"not arrived: {missing}; what came: {titles}")


def held(here: Way, alert: str) -> bool:
    """Says whether Alertmanager has the alert and holds it because of another."""
    with urllib.request.urlopen(f"{here.alertmanager.url}/api/v2/alerts", timeout=5) as answer:
        found = json.load(answer)
    states = [a["status"]["state"] for a in found if a["labels"]["alertname"] == alert]
    return bool(states) and set(states) == {"suppressed"}


def firing(here: Way, alert: str) -> bool:
    with urllib.request.urlopen(f"{here.prometheus.url}/api/v1/alerts", timeout=5) as answer:
        found = json.load(answer)["data"]["alerts"]
    return any(a["labels"]["alertname"] == alert and a["state"] == "firing" for a in found)


def seen(here: Way, flows: int) -> bool:
    """Says whether Prometheus knows every flow."""
    url = f"{here.prometheus.url}/api/v1/query?query=count(count by (flow) (classpulse:worker_flow))"
    with urllib.request.urlopen(url.replace(" ", "%20"), timeout=5) as answer:
        found = json.load(answer)["data"]["result"]
    return bool(found) and float(found[0]["value"][1]) == flows


@pytest.mark.long
def test_every_alert_arrives_once_with_its_words_and_is_taken_back(here: Way, workers: dict[str, Worker]) -> None:
    quiet = workers["quiet"]
    until(lambda: seen(here, 9), PATIENCE_S)

    # Ticks flow, events do not; disks fill; a flow goes; two of three workers of another break.
    gone = workers["gone"].gauges.pop('snapshot_age_seconds{flow="gone"}')
    workers["broken-2"].silent = workers["broken-3"].silent = True
    quiet.gauges |= {
        'node_filesystem_size_bytes{mountpoint="/filling",fstype="ext4"}': 100,
        'node_filesystem_avail_bytes{mountpoint="/filling",fstype="ext4"}': 8,
        'node_filesystem_size_bytes{mountpoint="/full",fstype="ext4"}': 100,
        'node_filesystem_avail_bytes{mountpoint="/full",fstype="ext4"}': 4,
        'database_job_failing{name="refresh hours"}': 1,
        'database_job_late_seconds{name="compress"}': 1200,
        "late_events_wait_seconds": 97_200,
        "verify_differing_rows": 3,
    }
    quiet.rates |= {
        "process_start_time_seconds": 1,
        'student_task_moves_total{flow="quiet"}': 1,
        'alertmanager_notifications_failed_total{integration="slack"}': 1,
        'analytics_db_write_duration_ms_bucket{table="events",le="1000.0"}': 0,
        'analytics_db_write_duration_ms_bucket{table="events",le="2000.0"}': 10,
        'analytics_db_write_duration_ms_bucket{table="events",le="+Inf"}': 10,
    }
    workers["failing"].rates |= {
        'analytics_db_write_failures_total{flow="failing"}': 2,
        "lake_write_failures_total": 1,
    }
    workers["old"].gauges['snapshot_age_seconds{flow="old"}'] = 300
    arrived(here, "NoEventsInSchoolHours", "FlowDown", "WorkerDown", "StudentTaskMoves", "WorkerRestarting")
    for series in ("process_start_time_seconds", 'student_task_moves_total{flow="quiet"}'):
        quiet.rates[series] = 0

    # Events come again, and what comes is refused, slow or too much; the one worker left of `broken` falls behind.
    for worker in workers.values():
        worker.rates[f'kafka_events_consumed_total{{topic="t",flow="{worker.flow}"}}'] = 160
    quiet.rates['events_rejected_total{topic="t",reason="bad_type",flow="quiet"}'] = 10
    fresh = {
        f'event_freshness_seconds_bucket{{le="{le}"}}': rate for le, rate in (("5.0", 0), ("10.0", 9), ("+Inf", 9))
    }
    workers["slow"].rates |= fresh
    workers["late"].gauges[LAG] = workers["broken"].gauges[LAG] = 8
    workers["stalled"].gauges[LAG] = 90
    workers["behind"].rates['consumer_lag{topic="t",partition="0",consumer_group="classpulse-behind"}'] = 2000
    late_ones = ("NoEventsInSchoolHours", "NoTicks")
    arrived(here, *(a for a in SUMMARIES if a not in late_ones))

    # All is mended but freshness.
    workers["gone"].gauges['snapshot_age_seconds{flow="gone"}'] = gone
    workers["broken-2"].silent = workers["broken-3"].silent = False
    for name in ("late", "broken", "stalled"):
        workers[name].gauges[LAG] = 1
    workers["old"].gauges['snapshot_age_seconds{flow="old"}'] = 5
    quiet.gauges['node_filesystem_avail_bytes{mountpoint="/filling",fstype="ext4"}'] = 50
    quiet.gauges['node_filesystem_avail_bytes{mountpoint="/full",fstype="ext4"}'] = 50
    quiet.gauges['database_job_failing{name="refresh hours"}'] = 0
    quiet.gauges['database_job_late_seconds{name="compress"}'] = 0
    quiet.gauges["late_events_wait_seconds"] = 0
    quiet.gauges["verify_differing_rows"] = 0
    quiet.rates['alertmanager_notifications_failed_total{integration="slack"}'] = 0
    quiet.rates['analytics_db_write_duration_ms_bucket{table="events",le="1000.0"}'] = 1000
    quiet.rates['analytics_db_write_duration_ms_bucket{table="events",le="2000.0"}'] = 1000
    quiet.rates['analytics_db_write_duration_ms_bucket{table="events",le="+Inf"}'] = 1000
    quiet.rates['events_rejected_total{topic="t",reason="bad_type",flow="quiet"}'] = 0
    for series in ('analytics_db_write_failures_total{flow="failing"}', "lake_write_failures_total"):
        workers["failing"].rates[series] = 0
    workers["behind"].rates['consumer_lag{topic="t",partition="0",consumer_group="classpulse-behind"}'] = 0
    arrived(here, "EventLagHigh", "PipelineStalled", resolved=True)

    # No ticks: what that explains is held.
    for worker in workers.values():
        worker.rates[f'kafka_ticks_consumed_total{{topic="t",flow="{worker.flow}"}}'] = 0
    arrived(here, "NoTicks")
    assert firing(here, "FreshnessSlow")
    until(lambda: held(here, "FreshnessSlow"), PATIENCE_S)
    for worker in workers.values():
        worker.rates[f'kafka_ticks_consumed_total{{topic="t",flow="{worker.flow}"}}'] = 60
    arrived(here, "NoTicks", resolved=True)
    workers["slow"].rates |= dict.fromkeys(fresh, 9)
    arrived(here, *SUMMARIES, resolved=True)

    for alert, summary in SUMMARIES.items():
        said, written = slack(here, summary), mails(here, summary)
        assert (alert, len(said), len(written)) == (alert, 1, 1)
        assert len(slack(here, summary, resolved=True)) == len(mails(here, summary, resolved=True)) == 1
        rule = rules()[alert]["annotations"]
        for text, to_do in ((said[0], "*To do:* "), (written[0], "To do: ")):
            assert f"{to_do}{rule['action']}" in text
            assert re.search(r"Since \w{3} \d+ \w{3} \d\d:\d\d:\d\d CES?T\.", text)
            assert f"https://github.com/classpulse/classpulse/blob/main/docs/runbooks/{alert}.md" in text
            assert "https://boards.school.example/d/classpulse-pipeline" in text
            assert "{{" not in text
            assert "<no value>" not in text
        assert "It is well again. From " in slack(here, summary, resolved=True)[0]
    assert {mail["To"] for mail in here.mail.messages} == {"night-shift@school.example"}
    # One worker of `broken` lagged because the others were down, and the stalled flow lagged too: neither was told.
    assert not slack(here, "(broken|stalled) lags")


def rules() -> dict[str, dict[str, dict[str, str]]]:
    groups = [group for path in RULES.glob("*.yml") for group in yaml.safe_load(path.read_text())["groups"]]
    return {rule["alert"]: rule for group in groups for rule in group["rules"] if "alert" in rule}


def test_the_list_of_this_test_is_that_of_the_rules() -> None:
    # Those of the gateway go the same way; promtool tests when they do (prometheus/tests/gateway.yml).
    of_gateway = {alert for alert, rule in rules().items() if 'job="gateway"' in str(rule) or "ack_errors" in str(rule)}
    assert len(of_gateway) == 4
    assert SUMMARIES.keys() == rules().keys() - of_gateway
