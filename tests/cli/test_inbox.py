"""The inbox takes what Slack would take and shows it."""

from __future__ import annotations

import json
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest

from alerting.delivery.inbox import KEPT, Inbox


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    server = Inbox("127.0.0.1", 0)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def post(inbox: Inbox, body: bytes) -> str:
    request = urllib.request.Request(f"http://127.0.0.1:{inbox.server_address[1]}/slack", body)
    with urllib.request.urlopen(request, timeout=5) as answer:
        return str(answer.read().decode())


def test_a_message_is_answered_as_slack_does_and_shown_without_its_markup_taking_effect(inbox: Inbox) -> None:
    message = {"channel": "#7<b", "text": "hello", "attachments": [{"title": "Critical", "text": "<b>bold</b>"}]}
    assert post(inbox, json.dumps(message).encode()) == "ok"
    with urllib.request.urlopen(f"http://127.0.0.1:{inbox.server_address[1]}/", timeout=5) as answer:
        page = answer.read().decode()
    assert "/slack #7&lt;b</p>" in page
    assert "hello\nCritical\n&lt;b&gt;bold&lt;/b&gt;" in page


@pytest.mark.parametrize("body", [b"", b"{", b"[]"])
def test_what_is_no_message_is_refused(inbox: Inbox, body: bytes) -> None:
    with pytest.raises(urllib.error.HTTPError, match="400"):
        post(inbox, body)


def test_the_last_messages_are_kept_and_no_more(inbox: Inbox) -> None:
    for number in range(KEPT + 1):
        post(inbox, json.dumps({"text": f"number {number}"}).encode())
    assert [inbox.messages[0].words, len(inbox.messages)] == ["number 1", KEPT]
