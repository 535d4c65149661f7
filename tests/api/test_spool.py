"""The spool: what was synced is read back in its order, whatever the end of the file looks like."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from api.ingest import spool as spool_module
from api.ingest.segment import Record
from api.ingest.spool import Spool, SpoolError

MOST = 1 << 20


def record(number: int, size: int = 10) -> Record:
    return Record("clickstream_events", b"ann", b"%d" % number + b"." * size, 1_000_000 - number)


def killed(spool: Spool) -> None:
    """Lets go of a spool as SIGKILL would: nothing is closed in order."""
    os.close(spool._owned)


def all_of(spool: Spool) -> list[Record]:
    """Reads everything that is unread, a few at a time."""
    found: list[Record] = []
    while spool.events:
        records, place = spool.peek(7)
        spool.advance(place, len(records))
        found += records
    return found


def test_what_was_synced_is_read_back_in_order_over_files_and_kills(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spool_module, "SEGMENT_BYTES", 400)
    chance = random.Random(7)
    spool = Spool(tmp_path, MOST)
    written: list[Record] = []
    read: list[Record] = []
    for _ in range(200):
        if chance.random() < 0.5:
            more = [record(len(written) + number) for number in range(chance.randint(1, 9))]
            spool.append(more)
            written += more
        elif spool.events:
            records, place = spool.peek(chance.randint(1, 9))
            spool.advance(place, len(records))
            read += records
        if chance.random() < 0.1:
            killed(spool)
            spool = Spool(tmp_path, MOST)
        assert spool.events == len(written) - len(read)
    read += all_of(spool)
    assert read == written
    assert len(list(tmp_path.glob("*.spool"))) <= 1, "what is sent is deleted"
    assert spool.oldest_ms is None


@pytest.mark.parametrize("cut", [1, 5, 8, 20])
def test_a_torn_last_record_is_cut_and_nothing_before_it(tmp_path: Path, cut: int) -> None:
    spool = Spool(tmp_path, MOST)
    spool.append([record(1), record(2)])
    killed(spool)
    (file,) = tmp_path.glob("*.spool")
    whole = file.read_bytes()
    file.write_bytes(whole + whole[:cut])
    spool = Spool(tmp_path, MOST)
    assert file.read_bytes() == whole
    spool.append([record(3)])
    assert all_of(spool) == [record(1), record(2), record(3)]


def test_zeros_at_the_end_are_no_records(tmp_path: Path) -> None:
    spool = Spool(tmp_path, MOST)
    spool.append([record(1)])
    killed(spool)
    (file,) = tmp_path.glob("*.spool")
    file.write_bytes(file.read_bytes() + bytes(4096))
    assert all_of(Spool(tmp_path, MOST)) == [record(1)]


def test_a_damaged_record_is_counted_and_those_behind_it_are_kept(tmp_path: Path) -> None:
    spool = Spool(tmp_path, MOST)
    spool.append([record(1), record(2), record(3)])
    killed(spool)
    (file,) = tmp_path.glob("*.spool")
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 0xFF
    file.write_bytes(content)
    spool = Spool(tmp_path, MOST)
    assert (spool.damaged, spool.events) == (1, 2)
    assert all_of(spool) == [record(1), record(3)]


def test_the_place_is_a_hint_without_it_everything_is_sent_again(tmp_path: Path) -> None:
    spool = Spool(tmp_path, MOST)
    spool.append([record(1), record(2)])
    records, place = spool.peek(1)
    spool.advance(place, len(records))
    killed(spool)
    (tmp_path / "place").write_bytes(b"?")
    assert all_of(Spool(tmp_path, MOST)) == [record(1), record(2)]


def test_the_least_important_events_are_shed_first(tmp_path: Path) -> None:
    spool = Spool(tmp_path, MOST)
    assert [spool.has_room(int(MOST * 0.6), rank) for rank in (0, 1, 2)] == [True, True, True]
    assert [spool.has_room(int(MOST * 0.8), rank) for rank in (0, 1, 2)] == [True, True, False]
    assert [spool.has_room(int(MOST * 0.9), rank) for rank in (0, 1, 2)] == [True, False, False]
    assert [spool.has_room(MOST + 1, rank) for rank in (0, 1, 2)] == [False, False, False]


def test_a_folder_has_one_owner_and_keeps_its_name(tmp_path: Path) -> None:
    spool = Spool(tmp_path, MOST)
    with pytest.raises(SpoolError, match="CLASSPULSE_SPOOL_DIR"):
        Spool(tmp_path, MOST)
    name = spool.instance
    spool.close()
    assert Spool(tmp_path, MOST).instance == name


def test_the_oldest_event_is_known_over_a_start(tmp_path: Path) -> None:
    spool = Spool(tmp_path, MOST)
    spool.append([record(5), record(3)])
    assert spool.oldest_ms == 1_000_000 - 5
    killed(spool)
    assert Spool(tmp_path, MOST).oldest_ms == 1_000_000 - 5
