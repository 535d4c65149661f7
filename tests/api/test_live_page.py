"""The live page in a real Chromium: it shows what SQL says, to who may see it, on every screen and by keyboard."""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib import resources
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from local.postgres import Postgres
from reports.paper import chromium
from tests.api.conftest import Reading, reading_of
from tests.parts import require

SIZES = [(320, 800), (768, 1024), (1920, 1080)]
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
AXE = (resources.files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def live(timescale_server: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reading]:
    """A gateway over the known day, which these tests go on with."""
    with reading_of(timescale_server, tmp_path_factory.mktemp("live")) as found:
        yield found


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    program = chromium()
    require("chromium", program is not None, "there is none on PATH")
    with sync_playwright() as playwright:
        sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
        yield playwright.chromium.launch(executable_path=program, args=sandbox)


def opened(browser: Browser, live: Reading, who: str | None, **context: Any) -> Page:
    """Opens the page in a new browser, with a token in its address if need be."""
    page = browser.new_context(**{"locale": "en-GB", "timezone_id": "UTC", **context}).new_page()
    page.set_default_timeout(60_000)
    expect.set_options(timeout=60_000)
    page.goto(f"http://127.0.0.1:{live.server.port}/{f'#token={live.tokens[who]}' if who else ''}")
    return page


def numbers(page: Page) -> dict[str, str]:
    """Returns the four numbers of the headline."""
    shown = page.locator("#counts [data-number]").all()
    return {str(each.get_attribute("data-number")): each.inner_text() for each in shown}


def of_sql(live: Reading, scope: str, scope_id: str) -> dict[str, str]:
    """Returns the same from the view."""
    columns = "active_students, idle_students, absent, engagement_score"
    [row] = live.ask(f"SELECT {columns} FROM active_now WHERE scope = '{scope}' AND scope_id = '{scope_id}'")
    return dict(zip(columns.split(", "), [*map(str, row[:3]), f"{row[3]:.0f}"], strict=True))


def test_a_class_is_shown_as_sql_has_it_and_follows_it(browser: Browser, live: Reading) -> None:
    page = opened(browser, live, "7B")
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    expect(page.locator("#sentence")).to_have_text("2 of 4 are here")
    assert numbers(page) == of_sql(live, "class", "7B")
    assert page.url.endswith("#class=7B")  # the token has gone from the address
    expect(page.locator("#people .tile")).to_have_count(5)
    expect(page.locator("#people .name")).to_have_text(["Ben", "Ann", "gus", "Cem", "Dia"])
    expect(page.locator("#people .idle .long > :first-child")).to_have_text("6 min")
    expect(page.locator("#trend li")).to_have_count(10)
    rows = live.ask(
        "SELECT active_5m FROM activity_trend WHERE scope = 'class' AND scope_id = '7B' ORDER BY minute DESC LIMIT 10"
    )
    expect(page.locator("#trend b")).to_have_text([str(row[0]) for row in reversed(rows)])
    expect(page.locator("#heat tbody td")).to_have_text(["0"] * 8 + ["9", "2"])
    expect(page.locator("#feed li")).to_have_count(4)
    expect(page.locator("#fresh")).to_have_attribute("data-level", "live")
    # a student goes idle: the page follows without being asked
    live.put("UPDATE student_state SET idle_at = last_interaction_at + interval '5 s' WHERE student_id = 'gus'")
    try:
        expect(page.locator("#counts [data-number=idle_students]")).to_have_text("2")
        expect(page.locator("#people .idle .tile")).to_have_count(2)
        assert numbers(page) == of_sql(live, "class", "7B")
    finally:
        live.put("UPDATE student_state SET idle_at = NULL WHERE student_id = 'gus'")
    assert wrong == []


def test_the_description_of_the_api_is_shown_without_any_other_server(browser: Browser, live: Reading) -> None:
    page = browser.new_context().new_page()
    elsewhere: list[str] = []
    page.on("request", lambda request: elsewhere.append(request.url) if "//127.0.0.1:" not in request.url else None)
    page.goto(f"http://127.0.0.1:{live.server.port}/docs")
    expect(page.locator(".opblock-summary-path", has_text="stuck").first).to_be_visible()
    assert [url for url in elsewhere if not url.startswith("data:")] == []


def test_who_looks_stuck_stands_first_with_why_and_a_teacher_can_answer(browser: Browser, live: Reading) -> None:
    evidence = '{"signs": ["wrong_answers"], "wrong_in_a_row": 3, "question": "2"}'
    live.put(
        "INSERT INTO stuck_episodes SELECT n.now - interval '4 min', w.who, 'fractions', 0, '7B', 'math', "
        "'wrong_answers', n.now - interval '6 min', w.chance, %s, w.ended_at, w.outcome "
        "FROM (SELECT classpulse_now() AS now) n, (VALUES ('ann', 0.5, NULL::timestamptz, NULL), "
        "('gus', 0.7, NULL, NULL), ('cem', 0.5, classpulse_now(), 'solved')) AS w (who, chance, ended_at, outcome)",
        evidence,
    )
    try:
        page = opened(browser, live, "7B")
        expect(page.locator("#stuck .name")).to_have_text(["gus", "Ann"])
        expect(page.locator("#stuck .why").first).to_have_text("3 wrong answers in a row (last: question 2)")
        expect(page.locator("#stuck .long").first).to_have_text("waits 4 min")
        expect(page.locator("#stuck .mates").first).to_have_text(
            "1 of 1 classmates who looked stuck here got through, in 6 min (median)"
        )
        page.evaluate(AXE)
        assert page.evaluate("rules => axe.run({ runOnly: rules })", RULES)["violations"] == []
        page.get_by_role("button", name="Helped: Ann").click()
        expect(page.locator("#stuck-wrong")).to_contain_text("A replayed log takes no answers")
        expect(page.get_by_role("button", name="Helped: Ann")).to_be_enabled()
        expect(opened(browser, live, "school").locator("#stuck-card")).to_be_hidden()
    finally:
        live.put("DELETE FROM stuck_episodes")


def test_ages_are_by_the_gateways_clock_before_the_stream_has_said_anything(browser: Browser, live: Reading) -> None:
    page = opened(browser, live, None)
    page.route("**/engagement/stream*", lambda route: route.abort())
    page.goto("about:blank")
    page.goto(f"http://127.0.0.1:{live.server.port}/#token={live.tokens['7B']}")
    expect(page.locator("#people .idle .long > :first-child")).to_have_text("6 min")


def test_who_only_counts_sees_numbers_of_all_classes_and_no_name(browser: Browser, live: Reading) -> None:
    page = opened(browser, live, "school")
    expect(page.locator("#rooms li")).to_have_count(3)
    assert numbers(page) == of_sql(live, "all", "all")
    page.locator("#rooms button", has_text="Class 7B").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#sentence")).to_have_text("2 of 4 are here")
    expect(page.locator("#people-card")).to_be_hidden()
    expect(page.locator("#heat td").first).to_be_visible()
    assert "Ann" not in page.locator("body").inner_text()


def test_names_can_be_hidden_and_the_language_changed(browser: Browser, live: Reading) -> None:
    page = opened(browser, live, "7B", locale="de-DE")
    expect(page.locator("#sentence")).to_have_text("2 von 4 sind da")
    page.get_by_role("button", name="Namen verbergen").click()
    expect(page.locator("#people .name").first).to_have_text("Person 1")
    assert "Ann" not in page.locator("body").inner_text()
    page.get_by_role("button", name="English").click()
    expect(page.locator("#sentence")).to_have_text("2 of 4 are here")
    assert page.locator("html").get_attribute("lang") == "en"


def test_a_token_is_entered_by_keyboard_and_lies_where_no_script_reads_it(browser: Browser, live: Reading) -> None:
    page = opened(browser, live, None)
    expect(page.locator("#token")).to_be_focused()
    page.keyboard.type("cp_no")
    page.keyboard.press("Enter")
    expect(page.locator("#login-wrong")).to_contain_text("not known")
    page.keyboard.type(live.tokens["7B"])
    page.keyboard.press("Enter")
    expect(page.locator("#sentence")).to_have_text("2 of 4 are here")
    [cookie] = page.context.cookies()
    assert (cookie["httpOnly"], cookie["sameSite"], cookie["expires"]) == (True, "Strict", -1)
    assert live.tokens["7B"] not in page.evaluate(
        "document.cookie + JSON.stringify({...localStorage, ...sessionStorage})"
    )
    page.reload()
    expect(page.locator("#sentence")).to_have_text("2 of 4 are here")
    page.get_by_role("button", name="Sign out").click()
    expect(page.locator("#login")).to_be_visible()
    assert page.context.cookies() == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_in_the_way_of_anybody_on_any_screen(browser: Browser, live: Reading, scheme: Any) -> None:
    page = opened(browser, live, "7B", color_scheme=scheme)
    expect(page.locator("#people .tile")).to_have_count(5)
    expect(page.locator("#heat td").first).to_be_visible()
    page.evaluate(AXE)  # the policy forbids a script of elsewhere in the page itself
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, f"wider than {width}"
        found = page.evaluate("rules => axe.run({ runOnly: rules })", RULES)
        assert [(each["id"], [node["html"] for node in each["nodes"]]) for each in found["violations"]] == []
    page.get_by_role("button", name="Sign out").click()
    expect(page.locator("#login")).to_be_visible()
    assert page.evaluate("rules => axe.run({ runOnly: rules })", RULES)["violations"] == []
