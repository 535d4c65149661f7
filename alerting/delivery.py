"""Where Grafana sends learning alerts: contact points, policies, times and words."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from alerting.rules import RULES
from alerting.rules.rule import Rule

TEMPLATE: Final = Path(__file__).parent / "learning.tmpl"
DIGEST: Final = ("15:30", "16:00")


def contact_file() -> dict[str, Any]:
    """Returns the contact points: Slack and e-mail, for teachers and for operators.

    None of the variables may be empty: Grafana would not start (docs/alerts.md).
    """
    points = [
        _contact("teachers", "$CLASSPULSE_GRAFANA_SLACK_URL", "$CLASSPULSE_GRAFANA_TEACHERS_EMAIL"),
        _contact("operators", "$CLASSPULSE_GRAFANA_SLACK_URL", "$CLASSPULSE_GRAFANA_OPERATORS_EMAIL"),
    ]
    return {"apiVersion": 1, "contactPoints": points}


def _contact(name: str, slack_url: str, addresses: str) -> dict[str, Any]:
    title, text = '{{ template "classpulse.learning.title" . }}', '{{ template "classpulse.learning.text" . }}'
    slack = {
        "uid": f"classpulse-{name}-slack",
        "type": "slack",
        "settings": {"url": slack_url, "title": title, "text": '{{ template "classpulse.learning.slack" . }}'},
    }
    mail = {
        "uid": f"classpulse-{name}-mail",
        "type": "email",
        "settings": {"addresses": addresses, "singleEmail": True, "subject": title, "message": text},
    }
    return {"orgId": 1, "name": f"classpulse-{name}", "receivers": [slack, mail]}


def policy_file(rules: tuple[Rule, ...] = RULES) -> dict[str, Any]:
    """Returns the policies: operators, digests with how long each is not repeated, and what teachers hear at once."""
    digests = sorted({rule.repeat for rule in rules if rule.severity == "digest"})
    routes = [
        {
            "receiver": "classpulse-operators",
            "object_matchers": [["audience", "=", "operators"]],
            "repeat_interval": "1h",
        },
        *(_digest(repeat, [rule.name for rule in rules if _is_digest(rule, repeat)]) for repeat in digests),
        {
            "receiver": "classpulse-teachers",
            "object_matchers": [["severity", "=", "push"]],
            "group_by": ["class_id"],
            "mute_time_intervals": ["classpulse-nights", "classpulse-holidays"],
        },
    ]
    policy = {
        "orgId": 1,
        "receiver": "classpulse-operators",
        "group_by": ["grafana_folder", "alertname"],
        "group_wait": "10s",
        "group_interval": "2m",
        "repeat_interval": "4h",
        "routes": routes,
    }
    return {"apiVersion": 1, "policies": [policy]}


def _is_digest(rule: Rule, repeat: str) -> bool:
    return rule.severity == "digest" and rule.repeat == repeat


def _digest(repeat: str, names: list[str]) -> dict[str, Any]:
    return {
        "receiver": "classpulse-teachers",
        "object_matchers": [["rule", "=~", "|".join(names)]],
        "group_by": ["class_id"],
        "group_wait": "1m",
        "group_interval": "5m",
        "repeat_interval": repeat,
        "mute_time_intervals": ["classpulse-not-now", "classpulse-holidays"],
    }


def times_file(timezone: str) -> dict[str, Any]:
    """Returns when nothing is sent: nights, holidays, and for digests all day but one half hour.

    Args:
        timezone: The deployment's one time zone.
    """
    start, end = DIGEST
    weekend = {"weekdays": ["saturday", "sunday"], "location": timezone}
    around = [{"start_time": "00:00", "end_time": start}, {"start_time": end, "end_time": "24:00"}]
    night = [{"start_time": "00:00", "end_time": "06:30"}, {"start_time": "20:00", "end_time": "24:00"}]
    holidays = [
        {"months": ["december"], "days_of_month": ["23:31"], "location": timezone},
        {"months": ["january"], "days_of_month": ["1:2"], "location": timezone},
    ]
    times = {
        "classpulse-nights": [{"times": night, "location": timezone}],
        "classpulse-not-now": [{"times": around, "location": timezone}, weekend],
        "classpulse-holidays": holidays,
    }
    mutes = [{"orgId": 1, "name": name, "time_intervals": intervals} for name, intervals in times.items()]
    return {"apiVersion": 1, "muteTimes": mutes}


def template_file() -> dict[str, Any]:
    """Returns the words of the messages."""
    template = {"orgId": 1, "name": "classpulse-learning", "template": TEMPLATE.read_text(encoding="utf-8")}
    return {"apiVersion": 1, "templates": [template]}
