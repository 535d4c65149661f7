"""Tokens: kept as hashes, limited in scope and rate, ended by id."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from api import access, tokens
from api.access import Access, Bucket
from api.problems import ProblemError
from api.settings import ApiSettings
from api.token_book import TokenBook
from api.tokens import Token, TokenError
from tests.cli.running import run

NOW = datetime.now(UTC)


def request(token: str = "", **headers: str) -> dict[str, Any]:
    said = {"host": "localhost:3001", **{name.replace("_", "-"): text for name, text in headers.items()}}
    if token:
        said["authorization"] = f"Bearer {token}"
    return {
        "headers": [(name.encode(), text.encode()) for name, text in said.items()],
        "client": ("127.0.0.1", 40000),
        "server": ("127.0.0.1", 3001),
    }


def token(*scopes: str, **more: Any) -> tuple[str, Token]:
    text = f"cp_0123456789ab_{'x' * 43}"
    made = {"events_per_s": None, "expires_at": None} | more
    return text, Token("0123456789ab", "me", frozenset(scopes), tokens.digest_of(text), created_at=NOW, **made)


def refusal(of: Access, scope: dict[str, Any]) -> int:
    with pytest.raises(ProblemError) as refused:
        of.grant(scope)
    return refused.value.status


def test_a_token_is_made_listed_and_revoked_and_its_text_is_nowhere(migrated_postgres: str) -> None:
    words = ("--scope", "ingest", "--scope", "read:class:7B", "--name", "Moodle")
    made = run("token", "create", *words, servers="", DATABASE_URL=migrated_postgres)
    text = made.stdout.strip()
    token_id = tokens.id_in(text)
    assert made.returncode == 0 and token_id and made.stdout == f"{text}\n"
    with psycopg.connect(migrated_postgres, autocommit=True) as connection:
        (kept,) = tokens.valid(connection)
        assert (kept.token_id, kept.name, kept.scopes) == (token_id, "Moodle", frozenset({"ingest", "read:class:7B"}))
        row = str(connection.execute("SELECT api_tokens::text FROM api_tokens").fetchone())
        assert text.rpartition("_")[2] not in row
        assert (
            not tokens.valid(connection)
            or token_id in run("token", "list", servers="", DATABASE_URL=migrated_postgres).stdout
        )
        assert run("token", "revoke", token_id, servers="", DATABASE_URL=migrated_postgres).returncode == 0
        assert tokens.valid(connection) == [] and tokens.any_was_made(connection)
        with pytest.raises(TokenError, match="no valid token"):
            tokens.revoke(connection, token_id)


@pytest.mark.parametrize("scopes", [[], ["admin"], ["read:class:"], ["read"]])
def test_there_are_no_other_scopes(scopes: list[str]) -> None:
    with pytest.raises(TokenError):
        tokens.checked_scopes(scopes)


def test_a_token_may_what_its_scopes_say() -> None:
    of = Access("never", 10, 10)
    text, kept = token("read:class:7B")
    of.learn([kept], any_was_made=True)
    grant = of.grant(request(text))
    assert grant.may("read:class:7B") and not grant.may("read:class:7C") and not grant.may("ingest")
    with pytest.raises(ProblemError) as refused:
        grant.require("ingest")
    assert refused.value.status == 403


def test_what_is_mistyped_expired_or_revoked_is_no_token() -> None:
    of = Access("never", 10, 10)
    assert refusal(of, request(f"cp_0123456789ab_{'x' * 43}")) == 503, "not known yet is not wrong"
    text, kept = token("ingest", expires_at=NOW - timedelta(seconds=1))
    of.learn([kept], any_was_made=True)
    assert refusal(of, request(text)) == 401
    text, kept = token("ingest")
    of.learn([kept], any_was_made=True)
    assert of.grant(request(text)).may("ingest")
    assert refusal(of, request(text[:-1] + "y")) == 401
    assert refusal(of, request("hunter2")) == 401
    of.learn([], any_was_made=True)
    assert refusal(of, request(text)) == 401


@pytest.mark.parametrize(
    "change",
    [
        {"x_forwarded_for": "10.0.0.1"},
        {"host": "school.example"},
        {"client": ("10.0.0.1", 5)},
        {"server": ("10.0.0.2", 3001)},
    ],
)
def test_this_machine_needs_no_token_until_one_was_made_and_nobody_else_ever(change: dict[str, Any]) -> None:
    of = Access("until-first-token", 10, 10)
    assert refusal(of, request()) == 503
    of.learn([], any_was_made=False)
    assert of.grant(request()).token_id == access.OPEN
    ends = {name: change[name] for name in ("client", "server") if name in change}
    headers = {name: text for name, text in change.items() if name not in ends}
    assert refusal(of, request(**headers) | ends) == 401
    of.learn([], any_was_made=True)
    assert refusal(of, request()) == 401


def test_a_limit_holds_by_the_second_and_says_when_to_come_again(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: clock[0])
    bucket = Bucket(10)
    assert [bucket.take(5), bucket.take(5)] == [0, 0]
    assert bucket.take(5) == pytest.approx(0.5)
    clock[0] += 0.5
    assert bucket.take(5) == 0
    clock[0] += 60
    assert bucket.take(50) == 0, "a large batch goes through at once"
    assert bucket.take(1) == pytest.approx(4.1), "and is paid off after"


def test_tokens_outlive_a_start_without_the_database(migrated_postgres: str, tmp_path: Path) -> None:
    with psycopg.connect(migrated_postgres, autocommit=True) as connection:
        text = tokens.create(connection, ["ingest"])
    import asyncio

    first = TokenBook(Access("never", 10, 10), migrated_postgres, tmp_path / "tokens")
    asyncio.run(first.refresh())
    first.close()
    of = Access("never", 10, 10)
    TokenBook(of, "postgresql://127.0.0.1:1/x", tmp_path / "tokens")
    assert of.grant(request(text)).may("ingest")
    assert (tmp_path / "tokens").stat().st_mode & 0o777 == 0o600
    assert text.encode() not in (tmp_path / "tokens").read_bytes()


def test_a_pseudonym_key_that_is_too_short_is_refused() -> None:
    with pytest.raises(ValueError, match="CLASSPULSE_PSEUDONYM_KEY"):
        ApiSettings(_env_file=None, pseudonyms="edge", pseudonym_key="short")
