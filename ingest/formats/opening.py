"""Opening a log whatever it is packed in and however it is encoded, both told by its content and never by its name."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zipfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ingest.formats import FormatError

#: What reading a packed file that is damaged or breaks off raises.
BROKEN: Final = (EOFError, OSError, zlib.error, lzma.LZMAError, zipfile.BadZipFile)

if TYPE_CHECKING:
    _Buffered = io.BufferedReader[Any]

_HEAD: Final = 1 << 16
_LAYERS: Final = 4
_OTHERS: Final = (
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook"),
    (b"%PDF", "a PDF"),
    (b"PAR1", "a Parquet file"),
    (b"SQLite format 3", "an SQLite database"),
    (b"\x28\xb5\x2f\xfd", "packed with zstd, which is not read"),
    (b"7z\xbc\xaf", "packed with 7z, which is not read"),
    (b"Rar!", "packed with rar, which is not read"),
)
_MARKS: Final = (
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
    (b"\xef\xbb\xbf", "utf-8-sig"),
)


def open_log(path: Path) -> _Buffered:
    """Opens a file for reading its bytes, unpacked.

    Raises:
        FormatError: It is empty, or something else than a text; the message names it.
    """
    file: _Buffered = io.BufferedReader(path.open("rb", buffering=0), _HEAD)
    for _ in range(_LAYERS):
        inner = _unpacked(file, path)
        if inner is None:
            _refuse_others(file.peek(_HEAD), path)
            return file
        file = io.BufferedReader(inner, _HEAD)
    message = f"{path} is packed more than {_LAYERS} times"
    raise FormatError(message)


def open_text(path: Path) -> io.TextIOWrapper:
    """Opens a log as text: UTF-8, UTF-16 or UTF-32, with or without a byte order mark; line ends stay as they are.

    Bytes that are no UTF-8 become lone surrogates, for the caller to find.

    Raises:
        FormatError: As `open_log`.
    """
    file = open_log(path)
    return io.TextIOWrapper(file, _encoding(_peeked(file), path), errors="surrogateescape", newline="")


def head_of(path: Path) -> str:
    """Returns the beginning of a log, up to some 60,000 characters."""
    with open_text(path) as text:
        try:
            return text.read(_HEAD - 1024)
        except BROKEN:
            return ""


def _unpacked(file: _Buffered, path: Path) -> Any:
    head = _peeked(file)
    if head.startswith(b"\x1f\x8b"):
        return gzip.GzipFile(fileobj=file)
    if head.startswith(b"BZh"):
        return bz2.BZ2File(file)
    if head.startswith(b"\xfd7zXZ\x00"):
        return lzma.LZMAFile(file)
    return _member(file, path) if head.startswith((b"PK\x03\x04", b"PK\x05\x06")) else None


def _member(file: _Buffered, path: Path) -> Any:  # noqa: ANN401 (each packing has its own class)
    try:
        archive = zipfile.ZipFile(file if file.seekable() else io.BytesIO(file.read()))
        names = [info.filename for info in archive.infolist() if not info.is_dir()]
        if any(name.startswith("xl/") for name in names):
            message = f"{path} is an Excel workbook (xlsx): save it there as CSV (UTF-8), or export CSV from Moodle"
            raise FormatError(message)
        if "mimetype" in names:
            message = f"{path} is an OpenDocument file: save it as CSV (UTF-8)"
            raise FormatError(message)
        names = [name for name in names if not name.startswith("__MACOSX/")]
        if len(names) != 1:
            message = f"{path} is a zip file of {len(names)} files: unpack it, and name those that are the log"
            raise FormatError(message)
        return archive.open(names[0])
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError) as error:
        message = f"{path} is a zip file that cannot be unpacked: {error}"
        raise FormatError(message) from error


def _peeked(file: _Buffered) -> bytes:
    try:
        return file.peek(_HEAD)
    except BROKEN:
        return b""


def _refuse_others(head: bytes, path: Path) -> None:
    if not head:
        message = f"{path} is empty"
        raise FormatError(message)
    found = next((name for mark, name in _OTHERS if head.startswith(mark)), None)
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:20].lower()
    if start.startswith((b"<!doctype", b"<html")):
        found = "a web page, perhaps of a login that had run out"
    elif start.startswith(b"<?xml"):
        found = "XML"
    if found:
        message = f"{path} is {found}: a log is CSV or JSON lines, plain or packed with gzip or zip"
        raise FormatError(message)


def _encoding(head: bytes, path: Path) -> str:
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name
    even, odd = head[::2].count(0), head[1::2].count(0)
    if not even and not odd:
        return "utf-8"
    # every second byte of mostly western text in UTF-16 is zero
    if even + odd > len(head) // 4 and not min(even, odd):
        return "utf-16-be" if even else "utf-16-le"
    if b"\n" in head:
        return "utf-8"
    message = f"{path} is no text: it holds zero bytes"
    raise FormatError(message)
