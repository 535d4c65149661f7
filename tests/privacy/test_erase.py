"""Nothing is left of an erased student anywhere, and everybody else's rows are as if she had never been here."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from pydantic import SecretStr

from api.settings import ApiSettings
from dataflows.errors import UserError
from dataflows.flows import named
from dataflows.settings import Settings
from db.refresh import refresh
from privacy import requests
from privacy.digests import digests_of, published
from privacy.erase import Erased, erase_students
from privacy.receipt import Receipt, key_of, read, signed, signer
from privacy.search import columns, search
from privacy.tables import tables_of_students
from tests.db.conftest import NOW, Database, database
from tests.e2e.harness import Stack, stack
from tests.e2e.log import close, read_topic
from tests.e2e.school import FRIDAY, MINUTE, Message, log_of, publish
from tests.e2e.tables import CONTENT, ENGAGEMENT, MEMORY, assert_holds, dump, everything
from tests.oracle.content import ContentRules
from tests.oracle.content import expect as expect_content
from tests.oracle.engagement import expect as expect_engagement
from tests.oracle.memory import MemoryRules
from tests.oracle.memory import expect as expect_memory
from tests.privacy.test_export import dead_letter, fill

__all__ = ["database"]  # fixture

EVE, STAFF = "p1_eve_k7rq", "p1_staff_zed"
KEYS = {
    "CLASSPULSE_ERASURE_KEY": "of-the-list-0123456789",
    "CLASSPULSE_RECEIPT_KEY": "of-receipts-0123456789-0123456789",
}
TOPICS = ("clickstream_events", "chapter_view_events", "module_quiz_events")
FLOWS = ("engagement", "content", "memory", "stuck", "archive", "lake")
QUIET = ApiSettings(_env_file=None)


def erased(student_ids: list[str], settings: Settings, *, with_topics: bool = True) -> tuple[Erased, Receipt]:
    return erase_students(
        student_ids, settings, QUIET, lambda _text: lambda _done, _total: None, with_topics=with_topics
    )


def searched(url: str, student_id: str) -> dict[str, int]:
    with psycopg.connect(url) as connection:
        return search(connection, [student_id])


def test_of_every_table_her_rows_go_and_nobody_elses(database: Database, tmp_path: Path) -> None:
    """She is planted in each table that the catalogue knows, in others' texts, the audit, and a refused record."""
    settings = Settings(
        database_url=SecretStr(database.url),
        recovery_dir=tmp_path,
        erasure_key=SecretStr(KEYS["CLASSPULSE_ERASURE_KEY"]),
        receipt_key=SecretStr(KEYS["CLASSPULSE_RECEIPT_KEY"]),
    )
    with psycopg.connect(database.url) as connection:
        known = [table for table in tables_of_students(connection) if not table.is_of_several]
        searchable = len(columns(connection))
    for table in known:
        fill(database, table.name, table.column, "bob")
    dead_letter(database, 1, b'{"student_id": "bob"}')
    database.connection.execute("DELETE FROM task_progress")  # no flow has run: there is nothing to compute again
    database.connection.execute(
        'UPDATE events SET page_url = \'/of/erased\', metadata = \'{"answers": ["erased", "bob"], "erased": 1}\''
    )
    first = everything(database.url)
    refresh(database.url)
    before = everything(database.url)
    own = {
        "access_audit",
        "erased_students",
        "erasure_requests",
        *(name for name in before if before[name] != first[name]),
    }

    for table in known:
        fill(database, table.name, table.column, EVE)
    for place, payload in enumerate((b'{"user_id": " %s ", ' % EVE.encode(), b'{"context": {"student_id": "%s"}}'), 2):
        dead_letter(database, place, payload % EVE.encode() if b"%s" in payload else payload)
    database.connection.execute(
        "UPDATE events SET page_url = %s, metadata = %s WHERE student_id = 'bob'",
        (f"/of/{EVE}", json.dumps({"answers": [EVE, "bob"], EVE: 1})),
    )
    database.put("access_audit", {"reader": "a", "via": "report", "what": "7B", "student_ids": ["bob", EVE]})
    database.put(
        "task_seeds", {"flow": "x", "task": 0, "seed": b"\x80" + EVE.encode(), "generation": 1, "made_at": NOW}
    )
    requests.ask(settings, [EVE])
    found = searched(database.url, EVE)
    assert {f"{table.name}.{table.column}" for table in known if table.name != "erasure_requests"} <= found.keys()
    assert {"events.page_url", "events.metadata", "task_seeds.seed", "access_audit.student_ids"} <= found.keys()

    assert requests.waiting(settings) == ["bob", EVE]
    done, receipt = erased([f" {EVE}"], settings, with_topics=False)

    assert done.left == searched(database.url, EVE) == {}
    assert receipt["verified"] == {"columns_searched": searchable, "rows_found": 0}
    assert receipt["rows_deleted"]["dead_letters"] == 2
    by_trigger = {"memberships"}  # goes with her enrolments
    assert set(receipt["rows_deleted"]) | by_trigger >= {
        table.name for table in known if table.name != "erasure_requests"
    }
    after = everything(database.url)
    assert {name: after[name] for name in before if name not in own} == {
        name: before[name] for name in before if name not in own
    }
    (mark,) = digests_of([EVE], settings)
    audited = database.values("SELECT student_ids, via FROM access_audit ORDER BY entry_id")
    assert audited == [(["bob", f"erased:{mark.hex()[:16]}"], "report"), ([f"erased:{mark.hex()[:16]}"], "erase")]
    assert requests.waiting(settings) == ["bob"]
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="append-only"):
        database.connection.execute("UPDATE access_audit SET student_ids = '{}'")


def test_an_id_that_is_a_word_is_looked_for_where_students_are_named_alone(database: Database) -> None:
    database.put("directory", {"student_id": "17", "display_name": "Kim 17"})
    assert searched(database.url, "17") == {"directory.student_id": 1}
    assert searched(database.url, "7") == {}


def test_without_keys_nobody_is_erased(database: Database) -> None:
    url, key = SecretStr(database.url), SecretStr(KEYS["CLASSPULSE_RECEIPT_KEY"])
    for missing, settings in (
        ("RECEIPT_KEY", Settings(database_url=url)),
        ("ERASURE_KEY", Settings(database_url=url, receipt_key=key)),
    ):
        with pytest.raises(UserError, match=f"CLASSPULSE_{missing} is not set"):
            erased([EVE], settings, with_topics=False)


def test_a_receipt_that_was_changed_is_refused(tmp_path: Path) -> None:
    receipt = signed({"students": 2}, key_of(Settings(receipt_key=SecretStr("r" * 32))))
    path = tmp_path / "receipt.json"
    path.write_text(json.dumps(receipt))
    assert signer(read(path)) == receipt["public_key"]
    with pytest.raises(UserError, match="changed after it was signed"):
        signer({**receipt, "students": 1})
    with pytest.raises(UserError, match="no receipt"):
        signer({"students": 2})


# --- through the flows ---


def school(her: str) -> dict[str, list[Message]]:
    """Returns the messages of a small school by topic; one student goes by a given id, or is one of the staff."""
    clicks = []
    for message in log_of(students=8, minutes=20):
        if message.key == b"s003" and b'"s003"' in message.value:
            message = replace(message, value=of(her, message.value))  # noqa: PLW2901
        clicks.append(message)
    views: list[Message] = []
    quizzes: list[Message] = []
    for nth, student in enumerate(("s001", "s003", "s003", "s004")):
        base = {"student_id": student, "event_id": f"{nth:032x}"}
        at = FRIDAY + nth * MINUTE
        view = {**base, "chapter_id": "ch1", "course_id": "c1", "start_time": at, "end_time": at + MINUTE}
        quiz = {**base, "module": "m1", "score": 60 + nth, "timestamp": at + MINUTE, "class_id": "7/A"}
        for kind, body in ((views, view), (quizzes, quiz)):
            value = json.dumps(body).encode()
            kind.append(Message(at, student.encode(), of(her, value) if student == "s003" else value))
    return {"clickstream_events": clicks, "chapter_view_events": views, "module_quiz_events": quizzes}


def of(student: str, value: bytes) -> bytes:
    body = json.loads(value) | {"student_id": student} | ({"role": "teacher"} if student == STAFF else {})
    return json.dumps(body).encode()


def live(here: Stack) -> None:
    """Plays a school's two days through all flows."""
    for topic, messages in school(EVE).items():
        publish(here.kafka, here.topic(topic), messages)
    for topic in TOPICS:
        close(here.kafka, here.topic(topic), FRIDAY + 5 * 24 * 60 * MINUTE)
    here.catch_up(*FLOWS)


def assert_as_if_she_had_never_been_there(here: Stack) -> None:
    """Compares everybody's rows with what the oracle says of the log in which she is one of the staff."""
    records = []
    for topic in TOPICS:
        for record in read_topic(here.kafka, here.topic(topic)):
            hers = EVE.encode() in (record.value or b"")
            records.append(replace(record, value=of(STAFF, record.value or b"")) if hers else record)
    clicks = [record for record in records if record.topic == here.topic(TOPICS[0])]
    expected = expect_engagement(clicks)
    assert_holds(here.database, expected, *ENGAGEMENT)
    assert_holds(here.database, expect_content(records, ContentRules(here.prefix)), *CONTENT)
    learned = [record for record in records if record.topic != here.topic(TOPICS[1])]
    assert_holds(here.database, expect_memory(learned, MemoryRules(prefix=here.prefix)), *MEMORY)
    kept = {key for key, row in expected.events.items() if row["student_id"] != STAFF}
    assert {key for key in dump(here.database, "events") if key[2] == here.topic(TOPICS[0])} == kept
    hours = "SELECT sum(events)::bigint FROM activity_1h WHERE scope = 'all'"
    minutes = "SELECT sum(events)::bigint FROM activity_windows WHERE scope = 'all'"
    with psycopg.connect(here.database, autocommit=True) as connection:
        assert connection.execute(hours.encode()).fetchone() == connection.execute(minutes.encode()).fetchone()


def differing(here: Stack) -> dict[str, Any]:
    reports = [named(flow).rebuilder()(here.own_settings, lambda *_: None, dry_run=True) for flow in FLOWS[:4]]
    tables = [table for report in reports for table in report.tables]
    return {t.table: (t.changed, t.added, t.removed) for t in tables if t.changed or t.added or t.removed}


@pytest.mark.long
def test_her_school_goes_on_as_if_she_had_never_been_there(
    kafka: str, either_database: str, topic_prefix: str, tmp_path: Path
) -> None:
    """Erased by the command, re-read from Kafka, rebuilt, and restored from a backup: she is nowhere."""
    with stack(kafka, either_database, topic_prefix, tmp_path, **KEYS) as here:
        live(here)
        assert set(searched(here.database, EVE)) >= {
            "events.student_id",
            "student_state.student_id",
            "memory_state.user_id",
        }
        said = here.command("student", "erase", f" {EVE}", "--receipt", "receipt.json")
        assert re.search(r"clickstream_events still holds \d+ records of them, until", said)
        receipt = read(tmp_path / "receipt.json")
        assert EVE not in json.dumps(receipt)
        assert receipt["recovery_stores_deleted"] == len(FLOWS)
        assert (
            receipt["lake"]["files_rewritten"] and receipt["lake"]["rows_deleted"] > receipt["rows_deleted"]["events"]
        )
        assert set(receipt["results_without_them_from"]) == set(FLOWS[:4])
        assert "genuine" in here.command("student", "verify-receipt", "receipt.json")
        assert searched(here.database, EVE) == {}
        assert_as_if_she_had_never_been_there(here)

        # Whatever Kafka still holds, and what is sent of her from now on, counts nowhere; the others go on.
        more = [Message(0, b"s003", of(EVE, m.value)) for m in school(EVE)["clickstream_events"][:2]]
        bob = {"student_id": "bob", "event_name": "page_view", "timestamp": FRIDAY + 6 * 24 * 60 * MINUTE}
        publish(kafka, here.topic(), [*more, Message(0, b"bob", json.dumps(bob).encode())])
        here.catch_up(*FLOWS)
        assert searched(here.database, EVE) == {}
        with psycopg.connect(here.database) as connection:
            assert connection.execute("SELECT interactions FROM student_days WHERE student_id = 'bob'").fetchone() == (
                1,
            )
        assert differing(here) == {}

        # A backup of before is restored: the list in Kafka knows better.
        with psycopg.connect(here.database, autocommit=True) as connection:
            connection.execute("DELETE FROM erased_students")
            connection.execute("INSERT INTO directory (student_id, display_name) VALUES (%s, 'Eve')", (EVE,))
        assert "1 erased students have come back" in here.command("migrate")
        assert searched(here.database, EVE) == {}
        assert published(here.own_settings) == set(digests_of([EVE], here.own_settings))
