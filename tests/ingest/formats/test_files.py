"""Files as people have them: recognised by what they hold, or refused by name."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ingest.formats import LARGEST, Entry, FormatError, Unreadable
from ingest.formats.jsonl import read_jsonl
from ingest.formats.moodle.reading import read_moodle

EVENTS = [
    {
        "student_id": f"s{n}",
        "event_name": "page_view",
        "timestamp": 1_772_438_400_000 + n,
        "metadata": {"q": 'é[{]}\\" ,'},
    }
    for n in range(3)
]
MOODLE = (
    "Time,User full name,Affected user,Event context,Component,Event name,Description,Origin,IP address\n"
    + '"17/03/21, 10:00",P Ö,-,Course: X,System,Course viewed,'
    "The user with id '11' viewed the course with id '5'.,web,x\n"
)


def one_a_line(end: str) -> str:
    return "".join(json.dumps(event, ensure_ascii=False) + end for event in EVENTS)


def zipped(data: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a folder/", "")
        archive.writestr("a folder/log", data)
        archive.writestr("__MACOSX/a folder/._log", b"x")
    return file.getvalue()


TEXTS: dict[str, str] = {
    "lines": one_a_line("\n"),
    "crlf": one_a_line("\r\n"),
    "cr only": one_a_line("\r"),
    "blank lines": "\n\n" + one_a_line("\n\n"),
    "several files with marks, as one": "\ufeff" + one_a_line("\n\ufeff"),
    "array": json.dumps(EVENTS),
    "array, one a line": "[\n" + ",\n".join(map(json.dumps, EVENTS)) + "\n]\n",
    "pretty array": json.dumps(EVENTS, indent=2),
    "pretty objects": "\n".join(json.dumps(event, indent=4) for event in EVENTS),
    "pretty, cr only": "\r".join(json.dumps(event, indent=4).replace("\n", "\r") for event in EVENTS),
    "concatenated": "".join(map(json.dumps, EVENTS)),
    "concatenated with spaces": " ".join(map(json.dumps, EVENTS)),
    "two on a line": json.dumps(EVENTS[0]) + "\n" + json.dumps(EVENTS[1]) + json.dumps(EVENTS[2]),
    "arrays on lines": json.dumps(EVENTS[:2]) + "\n" + json.dumps(EVENTS[2:]),
    "an object of events": json.dumps({"events": EVENTS}),
    "a pretty object of events": json.dumps({"data": EVENTS}, indent=1),
    "record separators": "".join(f"\x1e{json.dumps(event)}\n" for event in EVENTS),
}
ENCODINGS: dict[str, Callable[[str], bytes]] = {
    "utf-8": str.encode,
    "byte order mark": lambda text: text.encode("utf-8-sig"),
    "utf-16": lambda text: text.encode("utf-16"),
    "utf-16-be with mark": lambda text: b"\xfe\xff" + text.encode("utf-16-be"),
    "utf-16-le": lambda text: text.encode("utf-16-le"),
    "utf-16-be": lambda text: text.encode("utf-16-be"),
    "utf-32": lambda text: text.encode("utf-32"),
}
PACKINGS: dict[str, Callable[[bytes], bytes]] = {
    "plain": bytes,
    "gzip": gzip.compress,
    "zip": zipped,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "gzip in zip": lambda data: zipped(gzip.compress(data)),
}


def read(tmp_path: Path, data: bytes) -> tuple[list[dict[str, Any]], list[Unreadable]]:
    path = tmp_path / "log.txt"
    path.write_bytes(data)
    found = list(read_jsonl(path))
    return (
        [json.loads(item.value) for item in found if isinstance(item, Entry)],
        [item for item in found if isinstance(item, Unreadable)],
    )


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("shape", TEXTS)
def test_events_are_found_in_every_shape_and_encoding(tmp_path: Path, shape: str, encoding: str) -> None:
    assert read(tmp_path, ENCODINGS[encoding](TEXTS[shape])) == (EVENTS, [])


@pytest.mark.parametrize("packing", PACKINGS)
@pytest.mark.parametrize("shape", ["lines", "pretty array"])
def test_files_are_unpacked_by_their_content(tmp_path: Path, shape: str, packing: str) -> None:
    assert read(tmp_path, PACKINGS[packing](TEXTS[shape].encode("utf-8-sig"))) == (EVENTS, [])


@pytest.mark.parametrize("packing", PACKINGS)
@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_a_moodle_log_is_read_from_every_packing_encoding_and_separator(
    tmp_path: Path, packing: str, encoding: str, end: str, mark: str
) -> None:
    path = tmp_path / "log"
    text = (
        MOODLE if mark == "," else MOODLE.replace("17/03/21, 10", "17/03/21@ 10").replace(",", mark).replace("@", ",")
    )
    path.write_bytes(PACKINGS[packing](ENCODINGS[encoding](text.replace("\n", end))))
    found = list(read_moodle(path))
    assert [(item.key, item.event_ms) for item in found if isinstance(item, Entry)] == [(b"11", 1_615_975_200_000)]
    assert len(found) == 1


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "is empty"),
        (gzip.compress(b"", mtime=0), "is empty"),
        (b"%PDF-1.7 ...", "is a PDF"),
        (b"\xd0\xcf\x11\xe0 old excel", "is an old Excel workbook"),
        (b"PAR1....", "is a Parquet file"),
        (b"\x28\xb5\x2f\xfd....", "packed with zstd"),
        (b"<!DOCTYPE html><html>", "is a web page"),
        (b"<?xml version='1.0'?><log/>", "is XML"),
        (b"\0\1\2\0\0\3\4\0", "is no text"),
        (b"PK\x03\x04 broken", "cannot be unpacked"),
        (b"a,b,c\n1,2,3\n4,5,6\n", "is a table, not JSON"),
        (MOODLE.encode(), "--format moodle"),
    ],
)
def test_what_is_no_log_is_refused_by_name(tmp_path: Path, data: bytes, says: str) -> None:
    with pytest.raises(FormatError, match=says):
        read(tmp_path, data)


@pytest.mark.parametrize("member", ["xl/workbook.xml", "mimetype"])
@pytest.mark.parametrize("reader", [read_jsonl, read_moodle])
def test_workbooks_are_refused_with_what_to_do(tmp_path: Path, member: str, reader: Callable[[Path], Any]) -> None:
    path = tmp_path / "log.csv"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(member, "x")
    with pytest.raises(FormatError, match="as CSV"):
        list(reader(path))


def test_a_zip_of_several_files_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "log.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a", "{}")
        archive.writestr("b", "{}")
    with pytest.raises(FormatError, match="zip file of 2 files"):
        list(read_jsonl(path))


def test_one_broken_line_costs_no_other(tmp_path: Path) -> None:
    lines = [json.dumps(event) for event in EVENTS]
    text = "\n".join(["{broken", lines[0], lines[1][:20], "7", '"x"', lines[1], "[1]", lines[2]])
    found, wrong = read(tmp_path, text.encode())
    assert found == EVENTS
    assert [item.line for item in wrong] == [1, 3, 4, 5, 7]


def test_one_broken_element_of_an_array_costs_no_other(tmp_path: Path) -> None:
    lines = [json.dumps(event) for event in EVENTS]
    text = "[\n" + ",\n".join([lines[0], '{"a": nothing}', lines[1], lines[2]]) + "\n]"
    found, wrong = read(tmp_path, text.encode())
    assert found == EVENTS
    assert [item.line for item in wrong] == [3]


def test_a_line_that_kafka_would_not_take_is_named(tmp_path: Path) -> None:
    long = json.dumps({"student_id": "s", "x": "y" * LARGEST})
    found, [wrong] = read(tmp_path, f"{json.dumps(EVENTS[0])}\n{long}\n{json.dumps(EVENTS[1])}".encode())
    assert found == EVENTS[:2]
    assert (wrong.line, "Kafka takes 900,000" in wrong.why) == (2, True)


@pytest.mark.parametrize("shape", ["array", "cr only"])
def test_a_long_file_takes_no_more_memory_than_a_short_one(tmp_path: Path, shape: str) -> None:
    path = tmp_path / "log"
    event = json.dumps(EVENTS[0])
    end = "," if shape == "array" else "\r"
    text = end.join([event] * 100_000)
    path.write_text(f"[{text}]" if shape == "array" else text)
    size = path.stat().st_size
    del text
    tracemalloc.start()
    try:
        count = sum(1 for _ in read_jsonl(path))
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert count == 100_000
    assert peak < size / 5


def test_a_packed_file_that_breaks_off_is_said(tmp_path: Path) -> None:
    whole = gzip.compress(one_a_line("\n").encode() * 2_000)
    _found, wrong = read(tmp_path, whole[: len(whole) // 2])
    assert "breaks off" in wrong[-1].why
