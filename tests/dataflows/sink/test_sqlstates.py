"""What passes is waited for, what does not is refused at once in words, and the rest is an end."""

from __future__ import annotations

import inspect
import re
import threading

import psycopg
import pytest
from psycopg import errors

from dataflows.explain import explain
from dataflows.sink.progress import claim_task
from dataflows.sink.sqlstates import Verdict, remedy, verdict_of
from tests.dataflows.sink.writing import FLOW, days, stored_days, write, writer
from tests.waiting import until

KNOWN: dict[str, type[psycopg.Error]] = {
    kind.sqlstate: kind
    for kind in vars(errors).values()
    if inspect.isclass(kind) and issubclass(kind, psycopg.Error) and isinstance(kind.sqlstate, str)
}
PASSES = "08006 25006 25P03 40001 40P01 53100 53200 53300 55P03 57014 57P01 57P02 57P03 57P05 58030"
NEEDS_SOMEBODY = "28000 28P01 3D000 3F000 42501 42P01 42703 42883 57P04"
DEFECTS = "0A000 21000 22003 22P02 22P05 23502 23505 25P02 42601 P0001 XX000 XX001"


@pytest.mark.parametrize(
    ("codes", "verdict"), [(PASSES, Verdict.WAIT), (NEEDS_SOMEBODY, Verdict.REFUSE), (DEFECTS, Verdict.DIE)]
)
def test_each_state_of_the_server_is_sorted(codes: str, verdict: Verdict) -> None:
    assert {code: verdict_of(KNOWN[code]()) for code in codes.split()} == dict.fromkeys(codes.split(), verdict)


def test_whatever_is_refused_has_a_remedy_and_nothing_else_has() -> None:
    assert len(KNOWN) > 200
    for kind in KNOWN.values():
        error = kind("said")
        assert bool(remedy(error)) == (verdict_of(error) is Verdict.REFUSE), kind


def test_without_a_state_a_lost_connection_passes_and_what_the_client_got_wrong_does_not() -> None:
    for passes in (psycopg.OperationalError("server closed the connection"), psycopg.InterfaceError("is closed")):
        assert verdict_of(passes) is Verdict.WAIT
    for stays in (psycopg.ProgrammingError("no placeholder"), psycopg.DataError("NUL")):
        assert verdict_of(stays) is Verdict.DIE


@pytest.mark.parametrize(
    ("wrong", "saying"),
    [
        (lambda url: re.sub(r"://([^:]+):[^@]*@", r"://\1:nonsense@", url), "wrong user or password: correct DATABASE"),
        (lambda url: re.sub(r"/test_\w+$", "/nowhere", url), 'database "nowhere" does not exist.*classpulse migrate'),
    ],
    ids=["password", "database"],
)
def test_who_is_turned_away_by_a_real_server_is_refused_at_once_with_words(
    database: str, wrong: object, saying: str
) -> None:
    with pytest.raises(psycopg.OperationalError) as turned_away:
        # asked to wait for ever, it would
        write(writer(wrong(database), give_up=lambda: False), days(0, 1, 1, ("ann", 1)))  # type: ignore[operator]
    assert verdict_of(turned_away.value) is Verdict.REFUSE
    found = explain(turned_away.value)
    assert found is not None
    assert re.search(saying, found.text)


def test_a_read_only_database_is_waited_for_and_written_to_once_it_is_the_primary(database: str) -> None:
    claim_task(database, FLOW, 0)
    tries = 0

    def not_yet() -> bool:
        nonlocal tries
        tries += 1
        return False

    here = writer(database, give_up=not_yet)
    write(here, days(0, 1, 1, ("ann", 1)))
    name = database.rsplit("/", 1)[1]

    with psycopg.connect(database, autocommit=True, options="-c default_transaction_read_only=off") as primary:
        primary.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on".encode())
        cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'classpulse-engagement'"
        primary.execute(f"{cut} AND datname = current_database()".encode())
        done = threading.Event()

        def work() -> None:
            write(here, days(0, 1, 2, ("ann", 2)))
            done.set()

        threading.Thread(target=work, daemon=True).start()
        until(lambda: tries >= 3)
        assert not done.is_set()
        primary.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = off".encode())
    until(done.is_set)
    assert stored_days(database) == [("ann", 2)]
