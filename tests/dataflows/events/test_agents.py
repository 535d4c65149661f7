"""User agents: what they say, where they may stand, and that they fill only what nothing else says."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings

from dataflows.events.agents import CACHED, LONGEST, _agent_of, agent_of
from dataflows.events.coded import decode_coded
from dataflows.events.full import decode_full
from dataflows.events.studied import decode_studied
from tests.dataflows.events.batches import accepted, event, records
from tests.dataflows.events.generated import plain_events

pytestmark = pytest.mark.usefixtures("reader")


FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:120.0) Gecko/20100101 Firefox/120.0"
KHTML = "AppleWebKit/537.36 (KHTML, like Gecko)"
DEVICE = ("device_type", "os", "browser")


@pytest.mark.parametrize(
    ("says", "user_agent"),
    [
        ("desktop/Linux/Firefox", FIREFOX),
        ("desktop/Linux/Firefox", "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:120.0) Gecko/20100101 Firefox/120.0"),
        ("desktop/Windows/Chrome", f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {KHTML} Chrome/120.0.0.0 Safari/537.36"),
        ("desktop/Windows/Edge", f"Mozilla/5.0 (Windows NT 10.0) {KHTML} Chrome/120.0.0.0 Safari/537.36 Edg/120.0"),
        ("desktop/Windows/Internet Explorer", "Mozilla/5.0 (Windows NT 10.0; Trident/7.0; rv:11.0) like Gecko"),
        ("desktop/ChromeOS/Chrome", f"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) {KHTML} Chrome/119.0 Safari/537.36"),
        ("desktop/macOS/Safari", f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {KHTML} Version/17.1 Safari/605.1"),
        (
            "tablet/iOS/Safari",
            f"Mozilla/5.0 (iPad; CPU OS 17_1 like Mac OS X) {KHTML} Version/17.1 Mobile/15E Safari/604.1",
        ),
        (
            "mobile/iOS/Chrome",
            f"Mozilla/5.0 (iPhone; CPU iPhone OS 17_1 like Mac OS X) {KHTML} CriOS/119.0 Mobile/15E Safari/604.1",
        ),
        ("tablet/Android/Chrome", f"Mozilla/5.0 (Linux; Android 13; SM-X700) {KHTML} Chrome/120.0 Safari/537.36"),
        (
            "mobile/Android/Samsung Internet",
            f"Mozilla/5.0 (Linux; Android 13; SM-S918B) {KHTML} SamsungBrowser/23.0 Mobile Safari/537.36",
        ),
        ("mobile/Android/Other", "Dalvik/2.1.0 (Linux; U; Android 11; Pixel 5)"),
        ("tv/Other/Safari", f"Mozilla/5.0 (SMART-TV; Linux; Tizen 6.0) {KHTML} Version/6.0 TV Safari/537.36"),
        (
            "console/Windows/Edge",
            f"Mozilla/5.0 (Windows NT 10.0; Xbox; Xbox One) {KHTML} Chrome/102.0 Safari/537.36 Edge/18.1",
        ),
        ("bot/-/Other", "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"),
        ("bot/Linux/Chrome", f"Mozilla/5.0 (X11; Linux x86_64) {KHTML} HeadlessChrome/120.0 Safari/537.36"),
        ("bot/-/Other", "python-requests/2.31.0"),
        ("-/-/-", "nothing that is known"),
    ],
)
def test_a_user_agent_says_device_system_and_browser(says: str, user_agent: str) -> None:
    assert "/".join(part or "-" for part in agent_of(user_agent)) == says


@pytest.mark.parametrize("name", ["user_agent", "userAgent"])
@pytest.mark.parametrize("part", ["", "device", "context", "payload", "event_data", "metadata"])
def test_it_is_found_wherever_it_stands_by_every_decoder(part: str, name: str) -> None:
    sent = event(**({part: {name: FIREFOX}} if part else {name: FIREFOX}))
    row = accepted(sent)
    assert tuple(row[column] for column in DEVICE) == ("desktop", "Linux", "Firefox")
    act = decode_coded(records(sent)).acts[0]
    client = decode_studied(records(sent)).clients[0]
    assert (act.device_type, act.browser) == (client.device_type, client.browser) == ("desktop", "Firefox")


def test_it_fills_only_what_nothing_else_says() -> None:
    row = accepted(event(device={"type": "kiosk"}, browser="Lynx", metadata={"user_agent": FIREFOX}))
    assert tuple(row[column] for column in DEVICE) == ("kiosk", "Linux", "Lynx")
    assert row["metadata"] == {"user_agent": FIREFOX}


@pytest.mark.parametrize("user_agent", ["", None, 7, ["x"], "\0"])
def test_what_is_no_user_agent_says_nothing(user_agent: object) -> None:
    row = accepted(event(user_agent=user_agent))
    assert tuple(row[column] for column in DEVICE) == (None, None, None)


@settings(max_examples=200, deadline=None)
@given(plain_events)
def test_what_the_archive_keeps_says_the_same_again(sent: dict[str, Any]) -> None:
    first = decode_full(records(json.dumps(sent).encode())).frame.row(0, named=True)
    kept = {name: first[name] for name in ("student_id", "event_name", "event_id", *DEVICE) if first[name] is not None}
    again = accepted(kept | {"timestamp": first["event_ms"], "metadata": json.loads(first["metadata"] or "{}")})
    bare = accepted({k: v for k, v in kept.items() if k not in DEVICE} | {"timestamp": first["event_ms"]})
    assert [again[column] for column in DEVICE] == [first[column] for column in DEVICE]
    assert [bare[column] for column in DEVICE] == [None, None, None]


def test_only_the_beginning_is_read_and_only_so_many_are_remembered() -> None:
    assert agent_of(FIREFOX + " " * LONGEST + "Googlebot/2.1") == agent_of(FIREFOX)
    for n in range(3):
        agent_of("x" * LONGEST + str(n))
    assert _agent_of.cache_info().maxsize == CACHED
