"""The routes that bring events, on the real Kafka: an answer for each event, and what is answered lies in the log."""

from __future__ import annotations

import gzip
import json
import re
import socket
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest

from api import tokens
from dataflows.events.ids import canonical_uuid
from dataflows.kafka.keys import partition_of
from dataflows.kafka.topics import create_or_check
from dataflows.settings import Settings
from local.postgres import Postgres
from tests.api.client import Client, Served, served
from tests.cli.running import topic_records
from tests.databases import migrated_database
from tests.waiting import until

PREFIX = "gate."


@pytest.fixture(scope="module")
def topics(kafka: str) -> str:
    """The broker with this file's topics."""
    create_or_check(Settings(kafka_bootstrap_servers=kafka, topic_prefix=PREFIX))
    return kafka


@pytest.fixture(scope="module")
def gateway(topics: str, postgres_server: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One gateway for all tests of this file, on topics of its own; whoever is on this machine may send."""
    with migrated_database(postgres_server) as database:
        folder: Path = tmp_path_factory.mktemp("gateway")
        rules = {
            "CLASSPULSE_TOPIC_PREFIX": PREFIX,
            "CLASSPULSE_API_OPEN": "always",
            "CLASSPULSE_API_ACK_S": "60",
            "CLASSPULSE_API_ORIGINS": "https://lms.example",
        }
        with served(topics, database, folder, **rules) as gateway:
            yield gateway


def event(**more: Any) -> dict[str, Any]:
    now = time.time_ns() // 1_000_000
    return {"event_id": str(uuid.uuid4()), "student_id": "ann", "event_name": "page_view", "timestamp": now} | more


def lines(*events: Any) -> bytes:
    return b"\n".join(json.dumps(each).encode() for each in events) + b"\n"


def ids_in(kafka: str, topic: str = "clickstream_events") -> list[str]:
    values = [record.value() for record in topic_records(kafka, f"{PREFIX}{topic}")]
    return [json.loads(value)["event_id"] for value in values if value is not None]


def test_the_requirements_own_curl_works_as_it_stands(gateway: Served, kafka: str) -> None:
    quiz = {"user_id": "test_user", "domain": "dsa", "module": "dsa-arrays", "score": 85, "time_taken": 300}
    answer = gateway.send(quiz, "/api/events/quiz")
    assert (answer.status, answer.statuses) == (200, ["ok"])
    event_id = answer.json["results"][0]["id"]
    (record,) = [r for r in topic_records(kafka, f"{PREFIX}module_quiz_events") if r.key() == b"test_user"]
    value = json.loads(record.value() or b"")
    assert value["event_id"] == event_id and event_id[14] == "7"
    assert {name: value[name] for name in quiz} == quiz
    assert abs(value["timestamp"] - record.timestamp()[1]) < 5000 and value["timestamp_from"] == "receipt"
    assert record.partition() == partition_of(b"test_user", 4)


def test_one_a_list_lines_an_envelope_and_gzip_all_reach_the_log(gateway: Served, kafka: str) -> None:
    sent = [event() for _ in range(9)]
    answers = [
        gateway.send(sent[0]),
        gateway.send(sent[1:3], path="/track"),
        gateway.send(lines(*sent[3:5]), Content_Type="application/x-ndjson"),
        gateway.send(lines(*sent[5:7])),
        gateway.send({"sent_at": sent[7]["timestamp"], "events": sent[7:8]}, Content_Type="text/plain;charset=UTF-8"),
        gateway.packed(sent[8:]),
    ]
    assert [answer.status for answer in answers] == [200] * 6
    assert {status for answer in answers for status in answer.statuses} == {"ok"}
    assert [result["id"] for answer in answers for result in answer.json["results"]] == [e["event_id"] for e in sent]
    assert {e["event_id"] for e in sent} <= set(ids_in(kafka))


def test_each_event_has_an_answer_of_its_own_and_a_repeat_is_known(gateway: Served, kafka: str) -> None:
    good = event()
    answer = gateway.send([good, {"event_name": "x"}, good, 7, event()])
    assert (answer.status, answer.json["accepted"]) == (200, 3)
    assert answer.statuses == ["ok", "rejected", "duplicate", "rejected", "ok"]
    assert answer.json["results"][1]["field"] == "student_id"
    assert gateway.send(good).statuses == ["duplicate"]
    assert ids_in(kafka).count(good["event_id"]) == 1


@pytest.mark.parametrize(
    ("body", "path", "headers", "status", "slug"),
    [
        (b"{", "/v1/track", {}, 400, "not-json"),
        (b"", "/v1/track", {}, 400, "not-json"),
        (b"[]", "/v1/track", {}, 400, "empty"),
        (b"7", "/v1/track", {}, 400, "not-json"),
        (b"[" * 100_000, "/v1/track", {}, 400, "not-json"),
        ({"a": 1}, "/v1/track", {}, 422, "rejected"),
        ({"a": 1}, "/v1/track", {"Content_Type": "application/xml"}, 415, "media-type"),
        ({"a": 1}, "/v1/track", {"Content_Encoding": "br"}, 415, "encoding"),
        (b"no gzip", "/v1/track", {"Content_Encoding": "gzip"}, 400, "bad-gzip"),
        (gzip.compress(b"{}" * 500, mtime=0)[:-9], "/v1/track", {"Content_Encoding": "gzip"}, 400, "bad-gzip"),
        (b" " * 10_000_000, "/v1/track", {}, 413, "too-large"),
        (gzip.compress(b" " * 200_000_000, 9, mtime=0), "/v1/track", {"Content_Encoding": "gzip"}, 413, "too-large"),
        (b"[" + b"1," * 99_999 + b"1]", "/v1/track", {}, 413, "too-many"),
        ({"a": 1}, "/api/events/nothing", {}, 404, "kind"),
    ],
)
def test_what_cannot_be_taken_is_a_problem_in_words(
    gateway: Served, body: Any, path: str, headers: dict[str, str], status: int, slug: str
) -> None:
    answer = gateway.send(body, path, **headers)
    assert (answer.status, answer.json["status"]) == (status, status)
    assert answer.json["type"].endswith(slug)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json["detail"]


def test_no_body_however_hostile_takes_much_memory_or_stops_the_others(gateway: Served) -> None:
    process = psutil.Process(gateway.process.pid)
    before = process.memory_info().rss
    bomb = gzip.compress(b" " * 200_000_000, 9)
    slow = [socket.create_connection(("127.0.0.1", gateway.port)) for _ in range(50)]
    for number, connection in enumerate(slow):
        whole = b"POST /v1/track HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4000000\r\n\r\n{"
        connection.sendall(whole if number % 2 else whole[:40])
    for _ in range(10):
        assert gateway.send(bomb, Content_Encoding="gzip").status == 413
        assert gateway.send(b"[" * 4_000_000).status == 400
        assert gateway.send(b'{"a":' * 1_000_000).status == 400
    assert gateway.send(event()).statuses == ["ok"]
    assert process.memory_info().rss - before < 200_000_000
    for connection in slow:
        connection.close()


def test_other_methods_and_paths_are_problems_too(gateway: Served) -> None:
    for answer, status in ((gateway.get("/v1/track"), 405), (gateway.get("/no/such/path"), 404)):
        assert (answer.status, answer.json["status"]) == (status, status)


def test_a_page_of_a_named_origin_may_send_and_no_other(gateway: Served) -> None:
    preflight = gateway.send(b"", method="OPTIONS", Origin="https://lms.example")
    assert preflight.headers["access-control-allow-origin"] == "https://lms.example"
    assert "content-type" in preflight.headers["access-control-allow-headers"]
    assert gateway.send(event(), Origin="https://lms.example").headers["access-control-allow-origin"]
    for method in ("OPTIONS", "POST"):
        answer = gateway.send(event(), method=method, Origin="https://evil.example")
        assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize("more", [{}, {"age_ms": 5}], ids=["plain", "changed"])
def test_who_sends_events_does_not_speak_for_a_teacher(gateway: Served, kafka: str, more: dict[str, Any]) -> None:
    said = event(event_name="stuck_helped", role="teacher", metadata={"item_id": "fractions"})
    beside = event() | more
    answer = gateway.send([said | more, beside])
    assert (answer.status, answer.statuses) == (200, ["rejected", "ok"])
    assert answer.json["results"][0]["detail"].startswith("event_name: stuck_helped is not for senders of events")
    kept = ids_in(kafka)
    assert (said["event_id"] in kept, beside["event_id"] in kept) == (False, True)


def test_the_description_names_the_routes_that_bring_events(gateway: Served) -> None:
    said = gateway.get("/openapi.json").json
    assert {"/v1/track", "/api/events/{kind}", "/v1/xapi/statements", "/v1/caliper"} <= said["paths"].keys()
    used = set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(said)))
    assert used <= said["components"]["schemas"].keys()


def test_it_is_ready_and_measures_itself(gateway: Served) -> None:
    assert gateway.get("/readyz").status == 200
    metrics = gateway.get("/metrics").body.decode()
    for name in (
        "gateway_requests_total",
        "gateway_ack_seconds_bucket",
        "gateway_spool_events",
        "gateway_kafka_away 0.0",
    ):
        assert name in metrics


def test_tokens_are_asked_for_scoped_limited_and_ended(topics: str, migrated_postgres: str, tmp_path: Path) -> None:
    with (
        psycopg.connect(migrated_postgres, autocommit=True) as connection,
        served(
            topics,
            migrated_postgres,
            tmp_path,
            CLASSPULSE_TOPIC_PREFIX=PREFIX,
            CLASSPULSE_API_ACK_S="60",
            CLASSPULSE_API_REQUESTS_PER_S="0.01",
        ) as gateway,
    ):
        assert gateway.send(event()).status == 200, "nobody has made a token yet"
        made = [
            tokens.create(connection, ["ingest"]),
            tokens.create(connection, ["read:school"]),
            tokens.create(connection, ["ingest"], events_per_s=2),
            tokens.create(connection, ["ingest", "read:school"]),
        ]
        sends, reads, limited, both = (Client(gateway.port, token) for token in made)
        assert sends.send(event()).statuses == ["ok"], "a new token works at once"
        assert (gateway.send(event()).status, reads.send(event()).status) == (401, 403)
        assert gateway.send(event()).headers["www-authenticate"] == "Bearer"
        assert limited.send([event(), event()]).status == 200
        answer = limited.send([event(), event()])
        assert (answer.status, answer.headers["retry-after"]) == (429, "1")
        question = "/engagement/active"
        answers = [client.get(question) for client in (reads, reads, both)]
        assert [answer.status for answer in answers] == [200, 429, 200], "a limit is of one token"
        assert 90 <= int(answers[1].headers["retry-after"]) <= 100
        assert gateway.send(event(), f"/v1/track?token={made[0]}").status == 200
        assert gateway.send(event(), f"/v1/track?token={both.token}").status == 401
        token_id = tokens.id_in(made[0])
        assert token_id
        tokens.revoke(connection, token_id)
        until(lambda: sends.send(event()).status == 401)
        ticked = [r for r in topic_records(topics, f"{PREFIX}chapter_view_events") if r.value() is None]
        assert ticked, "the only instance ticks"
        assert canonical_uuid(event()["event_id"])
        gateway.stop()
        assert connection.execute("SELECT count(*) FROM gateway_instances").fetchone() == (0,)


def played(**more: Any) -> dict[str, Any]:
    return {
        "id": str(uuid.uuid4()),
        "actor": {"account": {"homePage": "https://lms.example", "name": "ann"}},
        "verb": {"id": "https://w3id.org/xapi/video/verbs/played"},
        "object": {"id": "https://lms.example/videos/v12"},
        "result": {"extensions": {"https://w3id.org/xapi/video/extensions/time": 12.5}},
        "timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    } | more


def test_xapi_statements_become_events_all_or_none(gateway: Served, kafka: str) -> None:
    path, version = "/v1/xapi/statements", {"X_Experience_API_Version": "1.0.3"}
    first, second, third = played(), played(), played()
    answer = gateway.send([first, second], path, **version)
    assert (answer.status, answer.json) == (200, [first["id"], second["id"]])
    assert answer.headers["x-experience-api-version"] == "1.0.3"
    assert gateway.send(first, path, X_Experience_API_Version="2.0.0").status == 200, "sent again it counts once"
    put = {name: value for name, value in third.items() if name != "id"}
    assert gateway.send(put, f"{path}?statementId={third['id']}", "PUT", **version).status == 204
    wrong = played(verb={})
    refused = gateway.send([played(student="x"), wrong], path, **version)
    assert (refused.status, refused.json["results"][1]["field"]) == (400, "[1].verb.id")
    assert gateway.send(first, path).json["type"].endswith("version")
    assert gateway.send(third, f"{path}?statementId={first['id']}", "PUT", **version).status == 400
    sent = [json.loads(r.value() or b"{}") for r in topic_records(kafka, f"{PREFIX}clickstream_events")]
    videos = [event for event in sent if event.get("video_id") and event["event_name"] == "video_play"]
    assert len(videos) == 3, "of the request that was refused nothing is stored, of the repeat only the first"
    assert {event["metadata"]["position_s"] for event in videos} == {12.5}


def test_a_caliper_envelope_is_answered_event_by_event(gateway: Served) -> None:
    now = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())
    paused = {
        "id": f"urn:uuid:{uuid.uuid4()}",
        "type": "MediaEvent",
        "actor": {"id": "https://lms.example/users/ann", "type": "Person"},
        "action": "Paused",
        "object": {"id": "https://lms.example/videos/v12", "type": "VideoObject", "duration": "PT5M"},
        "target": {"type": "MediaLocation", "id": "https://lms.example/videos/v12#t", "currentTime": "PT12.5S"},
        "eventTime": now,
    }
    envelope = {
        "sensor": "https://lms.example",
        "sendTime": now,
        "dataVersion": "x",
        "data": [paused, {"type": "Event"}],
    }
    answer = gateway.send(envelope, "/v1/caliper")
    assert (answer.status, answer.json["accepted"]) == (200, 1)
    assert answer.statuses == ["ok", "rejected"]
    assert answer.json["results"][1]["field"].startswith("data[1]")
