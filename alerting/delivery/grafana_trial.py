"""A push and a digest to each of Grafana's contact points, through its own API."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any, Final

from alerting.delivery.files import OPERATORS, TEACHERS
from alerting.delivery.trial import not_taken
from alerting.routing import PREFIX
from alerting.server import Server, ServerError
from health.finding import Finding, ok, wrong

PART: Final = "grafana"
TEST: Final = "/alertmanager/grafana/config/api/v1/receivers/test"
RUNNING: Final = "/alertmanager/grafana/config/api/v1/receivers"
SYNC_S: Final = 75.0  # it reads its configuration once a minute
_HIDDEN: Final = "[REDACTED]"
_WORDS: Final = {"push": "sent at once", "digest": "sent once a day"}


def grafana_trial(server: Server, *, staff: bool, patience_s: float = SYNC_S) -> list[Finding]:
    """Sends to teachers and operators, and with `staff` to each contact point of staff; returns what became of it."""
    try:
        receivers = server.get("/v1/provisioning/contact-points")
        classes = _classes(server.get("/v1/provisioning/policies"))
    except ServerError as error:
        return [wrong(PART, "contact points", str(error), "Correct GRAFANA_URL, or who we are there.")]
    names = sorted({receiver["name"] for receiver in receivers})
    wanted = [name for name in names if name in {TEACHERS, OPERATORS} or (staff and name.startswith(PREFIX))]
    missing = sorted({TEACHERS, OPERATORS} - set(names))
    found = [wrong(PART, name, "is no contact point there", "Provision grafana/provisioning.") for name in missing]
    _wait_for(server, wanted, patience_s)
    for name in wanted:
        members = [receiver for receiver in receivers if receiver["name"] == name]
        for severity in ("push",) if name == OPERATORS else ("push", "digest"):
            found += _sent(server, name, members, severity, classes.get(name, []))
    return found


def _classes(tree: dict[str, Any]) -> dict[str, list[str]]:
    """Returns the classes that a contact point is for, by its name."""
    found: dict[str, set[str]] = {}
    for route in tree.get("routes") or []:
        for child in route.get("routes") or []:
            found.setdefault(child["receiver"], set()).update(
                value for name, _, value in child["object_matchers"] if name == "class_id"
            )
    return {name: sorted(ids) for name, ids in found.items()}


def _wait_for(server: Server, names: list[str], patience_s: float) -> None:
    """Waits until its Alertmanager has read what was provisioned last: before, messages would have no words."""
    gives_up = time.monotonic() + patience_s
    while time.monotonic() < gives_up:
        try:
            if set(names) <= {receiver["name"] for receiver in server.get(RUNNING)}:
                return
        except ServerError:
            return
        time.sleep(1)


def _sent(
    server: Server, name: str, members: list[dict[str, Any]], severity: str, classes: list[str]
) -> Iterator[Finding]:
    kinds = {member["uid"]: member["type"] for member in members}
    whose = " of ".join(filter(None, (name, ", ".join(classes))))
    body = {
        "alert": _alert(severity),
        "receivers": [{"name": name, "grafana_managed_receiver_configs": [_config(member) for member in members]}],
    }
    try:
        answer = server.post(TEST, body)
    except ServerError as error:
        yield wrong(PART, f"{name} ({severity})", str(error), "Read Grafana's log.")
        return
    for receiver in answer["receivers"]:
        for config in receiver["grafana_managed_receiver_configs"]:
            kind = kinds.get(config["uid"], "")
            what = f"{whose}, {kind} ({severity})"
            if config["status"] == "ok":
                yield ok(PART, what, "accepted")
            else:
                yield not_taken(PART, what, kind, config.get("error") or "failed")


def _config(member: dict[str, Any]) -> dict[str, Any]:
    """Returns a receiver as it is; secrets that are hidden from us Grafana adds itself, by the uid."""
    settings = {key: value for key, value in member["settings"].items() if value != _HIDDEN}
    return {key: member[key] for key in ("uid", "name", "type")} | {"settings": settings}


def _alert(severity: str) -> dict[str, Any]:
    title = f"Test of ClassPulse: a {severity}, {_WORDS[severity]}"
    text = "Somebody ran `classpulse alerts test`. Nothing is wrong, and nothing is to be done."
    return {
        "labels": {"alertname": "Test of ClassPulse", "severity": severity, "rule": "test", "class_id": "test"},
        "annotations": {"summary": title, "description": text, "over": text},
    }
