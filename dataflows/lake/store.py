"""Where the lake lies: a folder of this machine or a bucket, behind one interface (obstore, ADR 34).

A local file is synced before anybody is told of it, as S3 does by itself: what the manifest names survives a power cut.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import obstore
from obstore.exceptions import BaseError, NotFoundError
from obstore.store import LocalStore, S3Store

from dataflows.errors import UnavailableError, UserError
from dataflows.settings import Settings

_S3: Final = "s3://"
_TIMEOUT: Final = "30s"

FAILURES: Final = (BaseError, OSError)
"""What a store raises: a bucket that does not answer or refuses, a disk that is full."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A file as the store lists it.

    Attributes:
        path: From the lake's root.
        size: Bytes.
        at: When it was written.
    """

    path: str
    size: int
    at: datetime


class Store:
    """Files of the lake by paths from its root."""

    def __init__(self, settings: Settings) -> None:
        """Contacts nothing.

        Raises:
            UserError: Where `CLASSPULSE_LAKE_URL` is neither a folder nor `s3://bucket/…`.
        """
        url = settings.lake_url
        self.options: dict[str, Any] = {}
        self._folder: Path | None = None
        self._synced: set[Path] = set()
        if url.startswith(_S3):
            self.options = _s3_options(settings)
            bucket, _, prefix = url.removeprefix(_S3).partition("/")
            self.root = url.rstrip("/")
            self._store: Any = S3Store(bucket, prefix=prefix.strip("/") or None, **self.options)
            return
        if "://" in url.removeprefix("file://"):
            text = f"CLASSPULSE_LAKE_URL is {url!r}: give a folder, or s3://bucket/prefix"
            raise UserError(text)
        self._folder = Path(url.removeprefix("file://")).absolute()
        self.root = str(self._folder)
        self._store = LocalStore(self._folder, mkdir=True)

    @property
    def is_local(self) -> bool:
        """Whether it is a folder of this machine."""
        return self._folder is not None

    def url(self, path: str) -> str:
        """Returns how other programs find a file: by its place in the file system, or as `s3://…`."""
        return f"{self.root}/{path}"

    def put(self, path: str, data: bytes | Path) -> int:
        """Writes a file whole, durably, in place of one that was there; returns its size.

        Args:
            path: From the lake's root.
            data: What it holds, or a file of this machine that does.
        """
        obstore.put(self._store, path, data)
        self._sync(path)
        return len(data) if isinstance(data, bytes) else data.stat().st_size

    def get(self, path: str) -> bytes:
        """Returns what a file holds."""
        return bytes(obstore.get(self._store, path).bytes())

    def copy(self, source: str, target: str) -> None:
        """Makes a file known under a second path; on S3 the bucket does it, and nothing passes through here."""
        obstore.copy(self._store, source, target, overwrite=True)
        self._sync(target)

    def delete(self, path: str) -> None:
        """Removes a file; one that is gone is no error."""
        try:
            obstore.delete(self._store, path)
        except (NotFoundError, FileNotFoundError):
            return
        if self._folder is not None:
            self._prune((self._folder / path).parent)

    def list(self, prefix: str = "") -> Iterator[Stored]:
        """Yields the files below a folder."""
        for chunk in obstore.list(self._store, prefix or None):
            for found in chunk:
                yield Stored(found["path"], found["size"], found["last_modified"])

    def filesystem(self) -> Any:  # noqa: ANN401 (fsspec's type)
        """Returns a file system of `s3://…` for DuckDB, whose own needs an extension that is loaded from outside."""
        from obstore.fsspec import FsspecStore  # noqa: PLC0415 (only where it is a bucket)

        return FsspecStore("s3", **self.options)

    def _sync(self, path: str) -> None:
        if self._folder is None:
            return
        file = self._folder / path
        _fsync(file)
        for folder in file.parents:
            _fsync(folder)
            # What is above a folder that was there is as it was.
            if folder == self._folder or folder in self._synced:
                break
            self._synced.add(folder)

    def _prune(self, folder: Path) -> None:
        """Removes folders that nothing is left in, so that a listing shows what there is."""
        while folder != self._folder:
            self._synced.discard(folder)
            try:
                folder.rmdir()
            except OSError:
                return
            folder = folder.parent


def _fsync(place: Path) -> None:
    descriptor = os.open(place, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _s3_options(settings: Settings) -> dict[str, Any]:
    secret = settings.lake_s3_secret_access_key
    options: dict[str, Any] = {
        "region": settings.lake_s3_region,
        "endpoint": settings.lake_s3_endpoint,
        "access_key_id": settings.lake_s3_access_key_id,
        "secret_access_key": secret.get_secret_value() if secret else None,
    }
    given = {name: value for name, value in options.items() if value}
    plain = (settings.lake_s3_endpoint or "").startswith("http://")
    return {**given, "client_options": {"timeout": _TIMEOUT, **({"allow_http": True} if plain else {})}}


@contextmanager
def in_words() -> Iterator[None]:
    """Ends a command in words where the store fails.

    Raises:
        UnavailableError: Where it does.
    """
    try:
        yield
    except BaseError as error:
        said = (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
        text = f"the lake does not answer: {said}. Look at CLASSPULSE_LAKE_URL and its credentials."
        raise UnavailableError(text) from error
