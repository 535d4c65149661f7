"""Classes with staff get routes of their own; all others stay as they are."""

from __future__ import annotations

import json
from typing import Any

from alerting.delivery.files import policy_file, times_file
from alerting.routing import PREFIX, Address, route_file
from alerting.routing import TIMES as OWN
from alerting.times import Times

TIMES = Times(_env_file=None)
ANN = Address("email", "ann@school.example")
BEN = Address("slack", "https://hooks.slack.com/services/T/B/$ecret")
ROOM = Address("slack", "#7c")


def routes(**staff: set[Address]) -> dict[str, Any]:
    return route_file({class_id: frozenset(addresses) for class_id, addresses in staff.items()}, TIMES)


def teachers(document: dict[str, Any]) -> list[dict[str, Any]]:
    [tree] = document["policies"]
    return [route for route in tree["routes"] if route["receiver"] == "classpulse-teachers"]


def test_without_staff_the_policies_are_those_of_the_repository() -> None:
    document = routes(a=set())
    assert document["policies"] == policy_file(TIMES, named=OWN)["policies"]
    assert document["contactPoints"] == []


def test_times_are_named_otherwise_than_in_the_repositorys_file() -> None:
    named = {time["name"] for time in routes(a={ANN})["muteTimes"]}
    assert named.isdisjoint(time["name"] for time in times_file(TIMES)["muteTimes"])
    assert {name for route in teachers(routes(a={ANN})) for name in route["mute_time_intervals"]} <= named


def test_each_route_of_teachers_has_one_for_each_class_with_staff_that_is_muted_like_it() -> None:
    document = routes(a={ANN}, b={BEN, ANN}, c=set())
    names = {point["name"] for point in document["contactPoints"]}
    for route in teachers(document):
        matchers = [matcher for child in route["routes"] for matcher in child["object_matchers"]]
        assert matchers == [["class_id", "=", "a"], ["class_id", "=", "b"]]
        assert {child["receiver"] for child in route["routes"]} == names
        assert all(child["mute_time_intervals"] == route["mute_time_intervals"] for child in route["routes"])


def test_what_is_for_operators_has_no_class() -> None:
    [tree] = routes(a={ANN})["policies"]
    [operators] = [route for route in tree["routes"] if route["receiver"] == "classpulse-operators"]
    assert "routes" not in operators
    assert tree["receiver"] == "classpulse-operators"


def test_classes_with_the_same_addresses_share_a_contact_point_whose_name_tells_none() -> None:
    document = routes(a={ANN, BEN}, b={BEN, ANN}, c={ANN})
    names = [point["name"] for point in document["contactPoints"]]
    assert len(names) == 2
    assert all(name.startswith(PREFIX) and len(name) < 38 for name in names)
    assert "ann" not in "".join(names)


def test_addresses_stand_as_grafana_reads_them() -> None:
    [point] = routes(a={ANN, BEN, ROOM})["contactPoints"]
    settings = [receiver["settings"] for receiver in point["receivers"]]
    assert settings[0]["addresses"] == "ann@school.example"
    assert (settings[1]["url"], settings[1]["recipient"]) == ("$CLASSPULSE_GRAFANA_SLACK_URL", "#7c")
    assert settings[2]["url"] == "https://hooks.slack.com/services/T/B/$$ecret"


def test_a_channel_is_posted_to_by_the_app_where_it_has_a_token() -> None:
    [point] = route_file({"a": frozenset({ROOM})}, TIMES, bot=True)["contactPoints"]
    settings = point["receivers"][0]["settings"]
    assert settings["token"] == "$CLASSPULSE_GRAFANA_SLACK_TOKEN"  # noqa: S105 - a variable's name
    assert "url" not in settings


def test_receivers_that_nobody_needs_any_more_are_deleted_and_no_others() -> None:
    before = routes(a={ANN}, b={BEN})
    uids = [receiver["uid"] for point in before["contactPoints"] for receiver in point["receivers"]]
    after = route_file({"a": frozenset({ANN})}, TIMES, known=[*uids, "classpulse-teachers-mail"])
    kept = {receiver["uid"] for point in after["contactPoints"] for receiver in point["receivers"]}
    assert {gone["uid"] for gone in after["deleteContactPoints"]} == set(uids) - kept
    assert len(kept) == 1


def test_the_same_staff_give_the_same_file_in_any_order() -> None:
    assert json.dumps(routes(a={ANN}, b={BEN})) == json.dumps(routes(b={BEN}, a={ANN}))
