"""The table at the end of a run, and what the doctor says of the last day."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import msgspec
import pytest

from cli.account import mostly_refused, reasons, show
from dataflows.events.rejects import REMEDIES, Reason
from dataflows.summary import Summary, read_all
from health.finding import State
from health.rejects import judge


def test_every_reason_has_a_remedy() -> None:
    assert set(REMEDIES) == set(get_args(Reason))


def test_the_processes_of_a_flow_are_one_account(tmp_path: Path) -> None:
    one = Summary("engagement", 10, late=1, repeated=2, rejected={"future": 3}, examples={"future": "a"})
    two = Summary("engagement", 5, rejected={"future": 1, "not_json": 1}, examples={"future": "b", "not_json": "c"})
    for number, part in enumerate((one, two, Summary("archive", 15))):
        (tmp_path / f"{part.flow}.{number}.json").write_bytes(msgspec.json.encode(part))
    archive, engagement = sorted(read_all(tmp_path), key=lambda each: each.flow)
    assert (archive.read, archive.kept) == (15, 15)
    assert (engagement.read, engagement.kept, engagement.late, engagement.repeated) == (15, 7, 1, 2)
    assert engagement.rejected == {"future": 4, "not_json": 1}
    assert engagement.examples == {"future": "a", "not_json": "c"}


@pytest.mark.parametrize(("read", "refused", "mostly"), [(0, 0, False), (10, 5, False), (10, 6, True), (1, 1, True)])
def test_more_than_half_is_most(read: int, refused: int, mostly: bool) -> None:
    assert mostly_refused(Summary("archive", read, rejected={"future": refused})) is mostly


def test_each_reason_is_said_once_with_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    found = [
        Summary("engagement", 10, rejected={"future": 4}, examples={"future": "7200 s ahead"}),
        Summary("archive", 12, rejected={"future": 6, "too_old": 1}, examples={"future": "x", "too_old": "y"}),
    ]
    assert reasons(found) == [
        "rejected, future: 6, such as x",
        f"  → {REMEDIES['future']}",
        "rejected, too_old: 1, such as y",
        f"  → {REMEDIES['too_old']}",
        "archive: more than half of what was read was rejected. The records lie in dead_letters.",
    ]
    show(found)
    said = capsys.readouterr().out.splitlines()
    assert said[0].split() == ["flow", "read", "kept", "rejected", "late", "repeated"]
    assert said[2].split() == ["archive", "12", "5", "7", "0", "0"]
    show([Summary("archive", 12, withheld=3)])
    said = capsys.readouterr().out.splitlines()
    assert said[0].split()[-1] == "withheld" and said[1].split()[-1] == "3"


@pytest.mark.parametrize(
    ("rejected", "accepted", "state", "words"),
    [
        ([], 0, State.OK, "nothing in the last day"),
        ([("future", 3, "7200 s ahead")], 3, State.NOTE, "3 records of the last day (future 3, such as 7200 s ahead)"),
        (
            [("bad_type", 2, "score: x"), ("future", 1, "y")],
            2,
            State.WRONG,
            "more than half of the last day's records: 3",
        ),
    ],
)
def test_the_doctor_says_what_was_rejected(
    rejected: list[tuple[str, int, str]], accepted: int, state: State, words: str
) -> None:
    found = judge(rejected, accepted)
    assert found.state is state
    assert words in found.detail
    assert found.advice == (REMEDIES[rejected[0][0]] if rejected else "")  # type: ignore[index]
