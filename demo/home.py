"""The demo's directory: `.demo` where it can be used, cleared at each start and kept afterwards for a look."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from local.account import Account
from local.embedded_postgres import Postgres


@dataclass(frozen=True, slots=True)
class Home:
    """Where one demo keeps everything.

    Attributes:
        root: The directory.
        kept: Whether it outlives the demo.
    """

    root: Path
    kept: bool

    @property
    def database(self) -> Path:
        """The embedded PostgreSQL's directory."""
        return self.root / "pg"

    @property
    def recovery(self) -> Path:
        """The workers' snapshots, new for each start: the broker in memory starts anew as well."""
        return self.root / "recovery"

    @property
    def lake(self) -> Path:
        """The files of every event; cleared with the database that has their manifest."""
        return self.root / "lake"

    @property
    def stats(self) -> Path:
        """The stem of the files in which workers leave their figures."""
        return self.root / "stats" / "worker"

    @property
    def log(self) -> Path:
        """What the workers say."""
        return self.root / "workers.log"


def own_command() -> str:
    """Returns how to call us from here: by name, or by path where the virtual environment is not on the PATH."""
    path = Path(sys.argv[0]).absolute()
    if shutil.which("classpulse") or path.name != "classpulse":
        return "classpulse"
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


def default_root() -> Path:
    """Returns `.demo` in the working directory, or a place in the temporary one where PostgreSQL could not go there."""
    here = Path.cwd() / ".demo"
    if os.access(Path.cwd(), os.W_OK) and Account.choose().can_enter(here / "pg"):
        return here
    return Path(tempfile.gettempdir()) / f"classpulse-demo-{os.getuid()}"


@contextlib.contextmanager
def fresh_home() -> Iterator[Home]:
    """Yields an empty home; where another demo holds the usual one, a temporary one that goes with this demo."""
    root = default_root()
    with _locked(root) as mine:
        if mine:
            Postgres(root / "pg").end_leftover()
            _clear(root)
            yield _made(Home(root, kept=True))
            return
    temporary = Path(tempfile.mkdtemp(prefix="classpulse-demo-"))
    temporary.chmod(0o755)
    try:
        yield _made(Home(temporary, kept=False))
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


@contextlib.contextmanager
def kept_database() -> Iterator[Postgres | None]:
    """Yields the last demo's database, started if nobody runs it; `None` where no demo was run."""
    root = default_root()
    server = Postgres(root / "pg")
    if not server.data.exists():
        yield None
        return
    with _locked(root) as mine:
        if mine and not server.running:
            with server:
                yield server
        else:  # a demo is running: its database is open
            yield server


def _made(home: Home) -> Home:
    for directory in (home.recovery, home.lake, home.stats.parent):
        directory.mkdir(parents=True)
    return home


def _clear(root: Path) -> None:
    for entry in root.iterdir():
        if entry.is_dir():
            shutil.rmtree(entry)
        elif entry.name != "lock":
            entry.unlink()


@contextlib.contextmanager
def _locked(root: Path) -> Iterator[bool]:
    """Yields whether the directory's lock is ours; the kernel frees it however we end."""
    root.mkdir(parents=True, exist_ok=True)
    root.chmod(0o755)
    with (root / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
