"""The browser tracker in a real browser: what a visit did lies in Kafka, and nothing without consent."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, sync_playwright

from dataflows.events.event import Event
from dataflows.events.normalise import normalise
from dataflows.kafka.topics import CLICKSTREAM, create_or_check
from dataflows.settings import Settings
from local.postgres import Postgres
from reports.paper import chromium
from tests.api.client import Served, served
from tests.cli.running import topic_records
from tests.databases import migrated_database
from tests.parts import require
from tests.waiting import until

FILES = Path(__file__).parents[2] / "api" / "static"
PREFIX = "tracked."
MOST_BYTES = 4096
SILENT = {"page_view", "scroll"}


@pytest.fixture(scope="module")
def gateway(kafka: str, postgres_server: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A gateway on topics of its own."""
    create_or_check(Settings(kafka_bootstrap_servers=kafka, topic_prefix=PREFIX))
    with migrated_database(postgres_server) as database:
        folder: Path = tmp_path_factory.mktemp("gateway")
        with served(kafka, database, folder, CLASSPULSE_TOPIC_PREFIX=PREFIX) as gateway:
            yield gateway


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The Chromium of this machine."""
    program = chromium()
    require("chromium", program is not None, "no Chromium was found")
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--autoplay-policy=no-user-gesture-required"]
        found = playwright.chromium.launch(executable_path=program, args=arguments)
        yield found
        found.close()


@contextmanager
def visit(browser: Browser, script: str = "") -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": 1200, "height": 800})
    if script:
        context.add_init_script(script)
    try:
        yield context
    finally:
        context.close()


def opened(context: BrowserContext, gateway: Served, student: str, **wanted: object) -> Page:
    """Returns the demo page."""
    options = {
        "student": student,
        "consent": "given",
        "heartbeat": 3600,
        "flushEvery": 0.1,
        "adoptAfter": 0.5,
        **wanted,
    }
    page = context.new_page()
    query = "&".join(f"{name}={value}" for name, value in options.items())
    page.goto(f"http://127.0.0.1:{gateway.port}/static/demo.html?{query}")
    return page


def arrived(kafka: str, student: str) -> list[Event]:
    """Returns a student's events as the flows read them, each id once, as they happened."""
    found: dict[str, Event] = {}
    for record in topic_records(kafka, f"{PREFIX}{CLICKSTREAM}"):
        if record.key() == student.encode():
            event = normalise(json.loads(record.value() or b""), CLICKSTREAM, record.key(), record.timestamp()[1])
            found.setdefault(event.event_id, event)
    return sorted(found.values(), key=lambda event: (event.event_ms, event.event_id))


def is_sent(page: Page) -> Callable[[], bool]:
    return lambda: page.evaluate("classpulse.queued()") == 0


def test_the_tracker_is_small_and_its_declarations_name_what_it_offers() -> None:
    source = (FILES / "tracker.js").read_text()
    assert len(gzip.compress(source.encode(), 9)) <= MOST_BYTES
    (offered,) = re.findall(r"window\.classpulse = \{(.*)\}", source)
    declared = (FILES / "tracker.d.ts").read_text().partition("interface ClassPulse {")[2]
    assert {name.split(":")[0].strip() for name in offered.split(",")} == set(re.findall(r"^  (\w+)\(", declared, re.M))


def test_what_a_visit_did_lies_in_the_log(gateway: Served, browser: Browser, kafka: str) -> None:
    with visit(browser) as context:
        page = opened(context, gateway, "ann", idleAfter=3600)
        film = page.locator("#v12")
        film.evaluate("v => v.play()")
        until(lambda: film.evaluate("v => v.currentTime") > 0.6, 60)
        film.evaluate("v => new Promise(done => { v.onseeked = done; v.currentTime = 40 })")
        film.evaluate("v => { v.playbackRate = 1.5 }")
        film.evaluate("v => v.pause()")
        page.mouse.wheel(0, 3000)
        until(lambda: page.evaluate("scrollY") > 500, 60)
        page.click("#to-practise")
        page.click("[data-answer='2']")
        until(is_sent(page), 60)
        page.click("#to-read")
        page.close()  # without waiting: a beacon takes the rest
        until(lambda: sum(e.event_name == "page_view" for e in arrived(kafka, "ann")) == 3, 60)

    events = arrived(kafka, "ann")
    names = [e.event_name for e in events if e.event_name not in {"scroll", "time_ping"}]
    assert names == [
        "session_start",
        "page_view",
        "video_play",
        "video_seek",
        "video_speed",
        "video_pause",
        "button_click",
        "page_view",
        "button_click",
        "quiz_answer",
        "button_click",
        "page_view",
    ]
    by_name: dict[str, list[Event]] = {}
    for event in events:
        by_name.setdefault(event.event_name, []).append(event)
    assert [e.page_url and e.page_url.partition("demo.html")[2] for e in by_name["page_view"]] == [
        "",
        "#/practise",
        "#/read",
    ]
    assert {(e.class_id, e.course_id, e.chapter_id) for e in events} == {("7B", "math-7", "fractions")}
    assert {e.event_id[14] for e in events} == {"7"}
    assert len({e.session_id for e in events}) == 1
    assert {e.device_type for e in events} == {"desktop"}
    (seek,), (speed,), (answer,) = by_name["video_seek"], by_name["video_speed"], by_name["quiz_answer"]
    assert seek.metadata and speed.metadata and answer.metadata
    assert (seek.video_id, seek.metadata["video_duration_s"]) == ("v12", 60.0)
    assert 40 <= seek.metadata["to_s"] < 45
    assert 0.2 <= seek.metadata["from_s"] < 30  # a browser tells where it is four times a second
    assert speed.metadata["playback_rate"] == 1.5
    assert {"question": "q1", "correct": True}.items() <= answer.metadata.items()
    pages = [e.page_url for e in by_name["page_view"]]
    depths = [e.metadata["scroll_depth"] for e in by_name["scroll"] if e.metadata and e.page_url == pages[0]]
    assert depths == sorted(depths) and depths[-1] == 100
    assert [e.metadata["target"] for e in by_name["button_click"] if e.metadata] == [
        "to-practise",
        "answer-2",
        "to-read",
    ]
    assert [e.hidden for e in by_name["time_ping"]] == [True]


def test_a_tab_that_is_closed_without_a_network_loses_nothing(gateway: Served, browser: Browser, kafka: str) -> None:
    with visit(browser) as context:
        page = opened(context, gateway, "bob")
        until(is_sent(page), 60)
        context.set_offline(True)
        page.click("#to-practise")
        page.click("[data-answer='3']")
        assert page.evaluate("classpulse.queued()") >= 3
        page.close()
        context.set_offline(False)
        again = opened(context, gateway, "bob")
        until(is_sent(again), 60)
        answers = [e for e in arrived(kafka, "bob") if e.event_name == "quiz_answer"]
        assert [e.metadata and e.metadata["correct"] for e in answers] == [False]


def test_only_what_is_to_be_sent_again_is_sent_again(gateway: Served, browser: Browser) -> None:
    bodies: list[dict[str, Any]] = []

    def answer(route: Route) -> None:
        bodies.append(json.loads(route.request.post_data or ""))
        results = [
            {"id": e["event_id"], "status": "retry" if e["event_name"] == "page_view" and len(bodies) == 1 else "ok"}
            for e in bodies[-1]["events"]
        ]
        route.fulfill(json={"results": results}, headers={"Retry-After": "1"} if len(bodies) == 1 else {})

    with visit(browser) as context:
        context.route("**/v1/track", answer)
        page = opened(context, gateway, "eve")
        until(is_sent(page), 60)
        first, second = bodies[0]["events"], bodies[1]["events"]
        assert [e["event_name"] for e in first] == ["session_start", "page_view"]
        assert [e["event_id"] for e in second] == [first[1]["event_id"]]
        assert bodies[1]["sent_at"] - bodies[0]["sent_at"] >= 900
        assert second[0]["age_ms"] >= 900 + first[1]["age_ms"]
        assert abs(bodies[1]["sent_at"] - second[0]["age_ms"] - second[0]["timestamp"]) < 100


@pytest.mark.parametrize("wish", ["doNotTrack: '1'", "globalPrivacyControl: true"])
def test_a_browser_that_asks_not_to_be_tracked_is_not(gateway: Served, browser: Browser, wish: str) -> None:
    name, _, value = wish.partition(": ")
    with visit(browser, f"Object.defineProperty(navigator, '{name}', {{get: () => {value}}})") as context:
        page = opened(context, gateway, "dan")
        page.click("#to-practise")
        page.evaluate("classpulse.consent(true)")
        assert page.evaluate("classpulse.queued()") == 0
        assert page.evaluate("Object.keys(localStorage).length") == 0


def test_nothing_is_recorded_before_consent_or_after_it_was_withdrawn(
    gateway: Served, browser: Browser, kafka: str
) -> None:
    with visit(browser) as context:
        page = opened(context, gateway, "kim", consent="")
        page.click("#to-practise")
        assert page.evaluate("Object.keys(localStorage).length") == 0
        page.check("#consent")
        page.click("#to-read")
        until(is_sent(page), 60)
        page.uncheck("#consent")
        until(lambda: "consent_withdrawn" in [e.event_name for e in arrived(kafka, "kim")], 60)
        page.click("#to-practise")
        page.reload()
        page.click("#to-practise")
        assert page.evaluate("classpulse.queued()") == 0
        names = [e.event_name for e in arrived(kafka, "kim") if e.event_name not in SILENT]
        assert names == ["consent_given", "session_start", "button_click", "consent_withdrawn"]


def test_who_does_nothing_is_idle_and_whoever_comes_back_is_active(
    gateway: Served, browser: Browser, kafka: str
) -> None:
    with visit(browser) as context:
        page = opened(context, gateway, "sue", idleAfter=2.5, heartbeat=0.5)
        until(lambda: "idle" in [e.event_name for e in arrived(kafka, "sue")], 60)
        page.mouse.move(50, 50)
        until(lambda: "active" in [e.event_name for e in arrived(kafka, "sue")], 60)
        names = [e.event_name for e in arrived(kafka, "sue")]
        assert names.index("time_ping") < names.index("idle") < names.index("active")


def test_statements_of_h5p_go_out_under_the_pseudonym(gateway: Served, browser: Browser) -> None:
    sent: list[tuple[dict[str, str], list[dict[str, Any]]]] = []

    def answer(route: Route) -> None:
        sent.append((route.request.headers, json.loads(route.request.post_data or "")))
        route.fulfill(json=[statement["id"] for statement in sent[-1][1]])

    dispatcher = (
        "window.H5P = {externalDispatcher: {on: (name, work) => { window.fire = (s) => work({data: {statement: s}}) }}}"
    )
    with visit(browser, dispatcher) as context:
        context.route("**/v1/xapi/statements", answer)
        page = opened(context, gateway, "joe")
        actor = {"name": "Joe Doe", "mbox": "mailto:joe@school.example"}
        verb = {"id": "http://adlnet.gov/expapi/verbs/answered"}
        page.evaluate("s => fire(s)", {"actor": actor, "verb": verb, "object": {"id": "https://x/1"}})
        page.evaluate(
            "s => postMessage({statement: s}, '*')", {"actor": actor, "verb": verb, "object": {"id": "https://x/2"}}
        )
        until(lambda: is_sent(page)() and sum(len(statements) for _, statements in sent) == 2, 60)
    statements = [statement for _, several in sent for statement in several]
    assert [s["object"]["id"] for s in statements] == ["https://x/1", "https://x/2"]
    assert {s["actor"]["account"]["name"] for s in statements} == {"joe"}
    assert "Doe" not in json.dumps(statements) and "school.example" not in json.dumps(statements)
    assert all(headers["x-experience-api-version"] == "1.0.3" for headers, _ in sent)
