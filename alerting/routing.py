"""Who hears of which class: contact points and policies from the roster's staff, as one more file for Grafana."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from alerting.delivery.files import SLACK_URL, Document, contact, mail, plain, policy_file, slack, times_file
from alerting.times import Times

FILE: Final = "routes.json"
"""Read after `policies.yml`: of several policy trees Grafana keeps the last."""

PREFIX: Final = "classpulse-staff-"
TOKEN: Final = "$CLASSPULSE_GRAFANA_SLACK_TOKEN"  # noqa: S105 - the name of a variable, which Grafana reads

TIMES: Final = "classpulse-own-"
"""Names of our mute times: an empty Grafana does not start on two files that name one time."""

Channel = Literal["email", "slack"]


@dataclass(frozen=True, slots=True, order=True)
class Address:
    """Where one person is told.

    Attributes:
        channel: By e-mail or in Slack.
        target: An e-mail address; an incoming webhook's URL or a channel (`#7b`).
    """

    channel: Channel
    target: str

    @property
    def is_webhook(self) -> bool:
        """Whether it is a secret URL."""
        return self.channel == "slack" and self.target.startswith(("http://", "https://"))


Staff = Mapping[str, frozenset[Address]]
"""Addresses by class."""


def receivers_of(staff: Staff) -> dict[str, str]:
    """Returns the name of each class's contact point; classes with the same addresses share one.

    Example:
        >>> ann = frozenset({Address("email", "ann@school.example")})
        >>> names = receivers_of({"7A": ann, "7B": ann, "7C": frozenset()})
        >>> list(names), len(set(names.values()))
        (['7A', '7B'], 1)
    """
    return {class_id: _name(addresses) for class_id, addresses in staff.items() if addresses}


def route_file(staff: Staff, times: Times, *, known: Iterable[str] = (), bot: bool = False) -> Document:
    """Returns contact points for the addresses of staff, the times, and the policy tree with a route for each class.

    Args:
        staff: Addresses by class; a class without any stays with the contact point of all teachers.
        times: When digests go out.
        known: Uids of receivers that earlier files made; those that are not wanted any more are deleted.
        bot: Whether Grafana has the token of a Slack app, with which it may post to any channel.
    """
    sets = {_name(addresses): addresses for addresses in staff.values() if addresses}
    points = [
        contact(name, *(_receiver(name, place, address, bot=bot) for place, address in enumerate(sorted(addresses))))
        for name, addresses in sorted(sets.items())
    ]
    made = {receiver["uid"] for point in points for receiver in point["receivers"]}
    gone = sorted(uid for uid in known if uid.startswith(PREFIX) and uid not in made)
    policies = policy_file(times, receivers=receivers_of(staff), named=TIMES)["policies"]
    return {
        "apiVersion": 1,
        "contactPoints": points,
        "muteTimes": times_file(times, TIMES)["muteTimes"],
        "policies": policies,
        "deleteContactPoints": [{"orgId": 1, "uid": uid} for uid in gone],
    }


def _receiver(name: str, place: int, address: Address, *, bot: bool) -> Document:
    uid = f"{name}-{place}"
    if address.channel == "email":
        return mail(uid, plain(address.target))
    if address.is_webhook:
        return slack(uid, url=plain(address.target))
    return slack(uid, recipient=plain(address.target), **({"token": TOKEN} if bot else {"url": SLACK_URL}))


def _name(addresses: frozenset[Address]) -> str:
    """Names a set of addresses without telling them: names are shown, addresses are secrets."""
    text = "\n".join(f"{address.channel} {address.target}" for address in sorted(addresses))
    return PREFIX + hashlib.sha256(text.encode()).hexdigest()[:16]
