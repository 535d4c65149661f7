"""Where Grafana sends learning alerts: contact points, policies, times and words."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from alerting.rules import RULES
from alerting.rules.rule import Rule
from alerting.times import Times

TEMPLATE: Final = Path(__file__).parents[1] / "learning.tmpl"
TEACHERS: Final = "classpulse-teachers"
OPERATORS: Final = "classpulse-operators"
TIMES: Final = "classpulse-"
"""What the names of mute times begin with."""

SLACK_URL: Final = "$CLASSPULSE_GRAFANA_SLACK_URL"

Document = dict[str, Any]
"""A provisioning file, or a part of one."""


def contact_file() -> Document:
    """Returns the contact points: Slack and e-mail, for teachers and for operators.

    None of the variables may be empty: Grafana would not start (docs/alerts.md).
    """
    points = [
        contact(TEACHERS, slack(f"{TEACHERS}-slack", url=SLACK_URL), mail(f"{TEACHERS}-mail", _addresses("TEACHERS"))),
        contact(
            OPERATORS, slack(f"{OPERATORS}-slack", url=SLACK_URL), mail(f"{OPERATORS}-mail", _addresses("OPERATORS"))
        ),
    ]
    return {"apiVersion": 1, "contactPoints": points}


def contact(name: str, *receivers: Document) -> Document:
    """Returns a contact point."""
    return {"orgId": 1, "name": name, "receivers": list(receivers)}


def slack(uid: str, **where: str) -> Document:
    """Returns what posts to Slack; `where` are Grafana's settings of the place: url, recipient, token."""
    text = {"title": _words("title"), "text": _words("slack")}
    return {"uid": uid, "type": "slack", "settings": where | text}


def mail(uid: str, addresses: str) -> Document:
    """Returns what writes one e-mail to all of some addresses."""
    text = {"singleEmail": True, "subject": _words("title"), "message": _words("text")}
    return {"uid": uid, "type": "email", "settings": {"addresses": addresses} | text}


def _addresses(whose: str) -> str:
    return f"$CLASSPULSE_GRAFANA_{whose}_EMAIL"


def _words(name: str) -> str:
    return f'{{{{ template "classpulse.learning.{name}" . }}}}'


def plain(text: str) -> str:
    """Returns a text in which Grafana looks for no variables."""
    return text.replace("$", "$$")


def policy_file(
    times: Times, rules: tuple[Rule, ...] = RULES, receivers: Mapping[str, str] | None = None, named: str = TIMES
) -> Document:
    """Returns the policies: operators, digests with how long each is not repeated, and what teachers hear at once.

    Args:
        times: When digests go out.
        rules: Whose alerts are sent.
        receivers: Contact points of classes that have their own.
        named: What the names of mute times begin with.
    """
    digests = sorted({rule.repeat for rule in rules if rule.severity == "digest"})
    routes = [
        {
            "receiver": OPERATORS,
            "object_matchers": [["audience", "=", "operators"]],
            "repeat_interval": "1h",
        },
        *(_digest(times, [rule for rule in rules if _is_digest(rule, repeat)], named) for repeat in digests),
        {
            "receiver": TEACHERS,
            "object_matchers": [["severity", "=", "push"]],
            "group_by": ["class_id"],
            # What comes next in a class waits as long as a lesson lasts (docs/backtests.md).
            "group_interval": "45m",
            "mute_time_intervals": [f"{named}nights", f"{named}holidays"],
        },
    ]
    policy = {
        "orgId": 1,
        "receiver": OPERATORS,
        "group_by": ["grafana_folder", "alertname"],
        "group_wait": "10s",
        "group_interval": "2m",
        "repeat_interval": "4h",
        "routes": [_by_class(route, receivers or {}) for route in routes],
    }
    return {"apiVersion": 1, "policies": [policy]}


def _by_class(route: Document, receivers: Mapping[str, str]) -> Document:
    """Returns a route of teachers with one of its own for each class that has a contact point.

    One route a class: what was told is remembered by route, so another class's teachers may change without its being
    told again. Routes do not inherit when they are muted.
    """
    if route["receiver"] != TEACHERS or not receivers:
        return route
    muted = route["mute_time_intervals"]
    classes = [
        {"receiver": name, "object_matchers": [["class_id", "=", plain(class_id)]], "mute_time_intervals": muted}
        for class_id, name in sorted(receivers.items())
    ]
    return route | {"routes": classes}


def _is_digest(rule: Rule, repeat: str) -> bool:
    return rule.severity == "digest" and rule.repeat == repeat


def _digest(times: Times, rules: list[Rule], named: str) -> Document:
    """Returns the route of the digests that are repeated equally often.

    A group is told again as a whole when an alert joins it. So what is repeated after days is a group of its own:
    a second failed quiz does not tell of the first again.
    """
    [repeat] = {rule.repeat for rule in rules}
    apart = ["rule", *dict.fromkeys(name for rule in rules for name in rule.ids if name != "class_id")]
    return {
        "receiver": TEACHERS,
        "object_matchers": [["rule", "=~", "|".join(rule.name for rule in rules)]],
        "group_by": ["class_id", *(apart if repeat.endswith("d") else [])],
        "group_wait": "30s",
        # A group is looked at so often: twice while digests go out, so that none is missed and few are told twice.
        "group_interval": f"{times.digest_minutes * 60 // 2}s",
        "repeat_interval": repeat,
        "mute_time_intervals": [f"{named}not-now", f"{named}holidays"],
    }


def times_file(times: Times, named: str = TIMES) -> Document:
    """Returns when nothing is sent: nights, holidays, and for digests all day but one window."""
    wanted = {name: intervals for name, intervals in times.named().items() if name != "weekends"}
    mutes = [{"orgId": 1, "name": f"{named}{name}", "time_intervals": found} for name, found in wanted.items()]
    return {"apiVersion": 1, "muteTimes": mutes}


def template_file() -> Document:
    """Returns the words of the messages."""
    template = {"orgId": 1, "name": "classpulse-learning", "template": TEMPLATE.read_text(encoding="utf-8")}
    return {"apiVersion": 1, "templates": [template]}
