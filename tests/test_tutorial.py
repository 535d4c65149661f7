"""docs/tutorial.md, followed to the letter in a copy of the checkout, on a real Kafka and a real database."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from tests.parts import require

ROOT = Path(__file__).parents[1]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FOLDERS = "alerting api bench cli dataflows db demo docs grafana health helm ingest local prometheus reports".split()
FOLDERS += ["simulation", "tests"]


def copied(target: Path) -> Path:
    """Copies what the commands need of the checkout."""
    unwanted = shutil.ignore_patterns("__pycache__", "node_modules", "images", "*.png")
    for folder in FOLDERS:
        if (ROOT / folder).is_dir():
            shutil.copytree(ROOT / folder, target / folder, ignore=unwanted, symlinks=True)
    for file in ("pyproject.toml", "docker-compose.yml", "README.md", "Makefile"):
        shutil.copy(ROOT / file, target / file)
    return target


class Reader:
    """Somebody who types what the page says."""

    def __init__(self, home: Path, environment: dict[str, str]) -> None:
        commands = home / "commands"
        commands.mkdir()
        for name, call in (("classpulse", "-m cli.main"), ("python", "")):
            (commands / name).write_text(f'#!/bin/sh\nexec {sys.executable} {call} "$@"\n')
            (commands / name).chmod(0o755)
        self.home = home
        self.environment = {
            **os.environ,
            **environment,
            "PATH": f"{commands}:{os.environ['PATH']}",
            "PYTHONPATH": str(home),
            "CLASSPULSE_RECOVERY_DIR": str(home / "recovery"),
        }

    def types(self, text: str) -> str:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", text],
            cwd=self.home,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, f"{text}\n{done.stdout}\n{done.stderr}"
        return done.stdout


def tidied(text: str) -> list[str]:
    return [line.rstrip() for line in text.strip().splitlines()]


def test_the_tutorial_works_as_it_is_written(
    tmp_path: Path, either_database: str, kafka: str, topic_prefix: str
) -> None:
    require("postgres", shutil.which("psql") is not None, "psql is not installed")
    home = copied(tmp_path)
    settings = {
        "DATABASE_URL": either_database,
        "KAFKA_BOOTSTRAP_SERVERS": kafka,
        "CLASSPULSE_TOPIC_PREFIX": topic_prefix,
    }
    reader = Reader(home, settings)
    blocks = BLOCK.findall((ROOT / "docs/tutorial.md").read_text())
    assert [kind for kind, _text in blocks] == "sh sh sh python sh python sh sh text sh sql".split()
    printed = ""
    for kind, written in blocks:
        text = re.sub(r'make test ARGS="(.*)"', r"python -m pytest \1", written)  # these tools are installed here
        if kind == "sh" and "make " not in text:  # the test has servers of its own
            printed = reader.types(text)
        elif kind == "text":
            assert tidied(printed) == tidied(text)
        elif kind == "python" and "WindowedFlow" in text:
            assert (home / "dataflows/searches.py").read_text() == text
        elif kind == "python":
            reader.types(f"python - <<'END'\n{text}\nEND")
        elif kind == "sql":
            rows = shown(either_database, text)
            assert [(metric, value) for _time, metric, value in rows] == [("7A", 3), ("7B", 1), ("7A", 1)]
    assert "searches" in reader.types("classpulse flows list")
    assert "searches" in reader.types("classpulse doctor || true")
    reader.types("classpulse run searches --until-caught-up")  # goes on from its recovery store, with nothing to do
    lists = "tests/dataflows/test_flows.py tests/test_compose.py -k 'not documented and not image'"
    reader.types(f"python -m pytest -q -p no:cacheprovider {lists}")


def shown(url: str, query: str) -> list[tuple[object, str, int]]:
    """Asks what the panel asks, as a teacher."""
    assert urlsplit(url).scheme.startswith("postgres")
    filled = re.sub(r"\$__timeFilter\((\w+)\)", r"\1 BETWEEN '2026-09-01' AND '2026-09-02'", query)
    with psycopg.connect(url) as connection:
        connection.execute("SET ROLE classpulse_reader_teacher")
        return connection.execute(filled.encode()).fetchall()


VARIANTS = {
    "hopping": ["--window", "hopping:1h:30m", "--aggregate", "last=last:page_url", "--aggregate", "n=count"],
    "session": ["--window", "session:30m", "--key", "student_id", "--aggregate", "pages=distinct:page_url"],
    "sliding": ["--window", "sliding:10m", "--key", "student_id", "--aggregate", "points=sum:score"],
    "quizzes": ["--topic", "module_quiz_events", "--key", "metadata.module", "--aggregate", "best=max:score"],
    "chapters": ["--topic", "chapter_view_events", "--key", "chapter_id", "--aggregate", "n=count"],
    "top": ["--filter", "event_name=search,page_view", "--aggregate", "words=top:metadata.query:3"],
    "quoted": ["--filter", 'page_url=Don\'t "look"', "--key", "page_url", "--aggregate", "n=count"],
    "filtered_key": ["--filter", "event_name=search,page_view", "--key", "event_name", "--aggregate", "n=count"],
}


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the checkout in which flows are written one after the other."""
    return copied(tmp_path_factory.mktemp("checkout"))


@pytest.fixture(scope="module")
def written(copy: Path) -> Path:
    """The copy with a flow of each declaration."""
    for name, options in VARIANTS.items():
        command = [sys.executable, "-m", "cli.main", "flows", "new", f"of_{name}", *options]
        subprocess.run(command, cwd=copy, env=environment_of(copy), check=True, capture_output=True)
    return copy


def environment_of(copy: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(copy), "COLUMNS": "500"}


def test_what_is_written_for_other_declarations_passes_its_own_tests_and_the_linter(written: Path) -> None:
    tests = [f"tests/dataflows/test_of_{name}.py" for name in VARIANTS]
    files = [f"dataflows/of_{name}.py" for name in VARIANTS] + tests
    for command in (
        ["pytest", "-q", "-p", "no:cacheprovider", *tests],
        ["ruff", "check", *files],
        ["ruff", "format", "--check", *files],
    ):
        done = subprocess.run(
            [sys.executable, "-m", *command],
            cwd=written,
            env=environment_of(written),
            check=False,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["engagement"], "already"),
        (["kafka"], "taken"),
        (["sessions"], "already"),
        (["import"], "taken"),
        (["user"], "word of SQL"),
        (["new_one", "--aggregate", "order=count"], "word of SQL"),
        (["Not-A-Name"], "no name of a flow"),
        (["new_one", "--window", "daily"], "no window"),
        (["new_one", "--aggregate", "pages=distinct:page_url"], "over tasks"),
        (["new_one", "--filter", "event_name"], "NAME=VALUE"),
    ],
)
def test_a_flow_that_cannot_be_is_refused_in_words_and_nothing_is_written(
    copy: Path, arguments: list[str], said: str
) -> None:
    before = sorted(path for path in copy.rglob("*.py"))
    command = [sys.executable, "-m", "cli.main", "flows", "new", *arguments]
    done = subprocess.run(command, cwd=copy, env=environment_of(copy), check=False, capture_output=True, text=True)
    assert done.returncode == 2
    assert said in done.stderr
    assert sorted(path for path in copy.rglob("*.py")) == before


def test_the_tables_and_views_of_all_declarations_are_accepted_by_the_database(
    written: Path, any_database: str
) -> None:
    environment = environment_of(written) | {"DATABASE_URL": any_database}
    migrate = [sys.executable, "-m", "cli.main", "migrate"]
    done = subprocess.run(migrate, cwd=written, env=environment, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    with psycopg.connect(any_database) as connection:
        connection.execute("SET ROLE classpulse_reader_teacher")
        for name in VARIANTS:
            assert connection.execute(f"SELECT * FROM of_{name}".encode()).fetchall() == []
