"""After `make install`, and in the image, every command works: nothing that they import is a development tool."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from dataflows.errors import Exit
from tests.cli.test_commands import NOWHERE

ROOT = Path(__file__).parents[2]
WHEEL = (ROOT / "pyproject.toml").read_text().partition("packages = [")[2].partition("]")[0]
PACKAGES = re.findall(r'"(\w+)"', WHEEL)
# say in a sentence that they need scipy and fsrs, or the extra `lake`: what a school's machine has no use for
OF_DEVELOPERS = {"bench/memory_models.py", "bench/forgetting/", "dataflows/lake/iceberg.py"}
HOOK = """
import sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in REFUSED:
            raise ModuleNotFoundError(f"No module named {name!r} in a plain installation", name=name)
REFUSED = set(sys.argv.pop(1).split(","))
sys.meta_path.insert(0, Refuse())
"""
RUN = f"{HOOK}\nfrom cli.main import app\napp(sys.argv[1:], prog_name='classpulse')\n"
MANY = f"""{HOOK}
import json
from typer.main import get_command
from typer.testing import CliRunner
from cli.main import app

def leaves(command, words):
    listed = command.list_commands(None) if hasattr(command, "list_commands") else []
    return [leaf for name in listed for leaf in leaves(command.get_command(None, name), [*words, name])] or [words]

asked, environment = json.loads(sys.argv[1])
asked += [[*words, "--help"] for words in leaves(get_command(app), [])]
def run(words):
    done = CliRunner().invoke(app, words, env=environment, prog_name="classpulse")
    return words, done.exit_code, done.output + done.stderr
print(json.dumps(list(map(run, asked))))
"""
IMPORT = f"{HOOK}\nimport importlib\nfor name in sys.argv[1:]: importlib.import_module(name)\n"


def names(lock: str) -> set[str]:
    return set(re.findall(r"^([a-z0-9][a-z0-9._-]*)==", (ROOT / lock).read_text(), re.MULTILINE))


def refused() -> set[str]:
    """Returns the top-level modules that only the development tools bring."""
    only = names("requirements-dev.lock") - names("requirements.lock")
    return {
        module
        for module, owners in packages_distributions().items()
        if {re.sub(r"[-_.]+", "-", owner).lower() for owner in owners} <= only
    } - {""}


def shipped() -> Iterator[Path]:
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            if not any(str(path.relative_to(ROOT)).startswith(one) for one in OF_DEVELOPERS):
                yield path


def plain(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, ",".join(sorted(refused())), *arguments],
        cwd=ROOT,
        env={**os.environ, "COLUMNS": "200", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_the_hook_refuses_what_only_developers_have() -> None:
    assert {"pytest", "scipy", "hypothesis", "fsrs"} <= refused()
    assert not {"typer", "yaml", "polars", "grafana_foundation_sdk"} & refused()
    done = plain(RUN, "bench", "memory-models")
    assert done.returncode == 3
    assert "comes with the development tools" in done.stderr
    assert "Traceback" not in done.stderr


def test_no_shipped_module_imports_a_development_tool_anywhere() -> None:
    tools, found = refused(), []
    for path in shipped():
        for node in ast.walk(ast.parse(path.read_text())):
            named = (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else []
            )
            found += [f"{path.relative_to(ROOT)}: {name}" for name in named if name.partition(".")[0] in tools]
            found += [f"{path.relative_to(ROOT)}: {name}" for name in named if name.partition(".")[0] == "tests"]
    assert not found


def test_every_shipped_module_can_be_imported() -> None:
    modules = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for path in shipped()
        if "versions" not in path.parts and path.name not in {"env.py", "__main__.py"}
    ]
    done = plain(IMPORT, *modules)
    assert done.returncode == 0, done.stderr[-3000:]


WITHOUT_DATABASE: dict[str, list[str]] = {
    "migrate": [],
    "rebuild": [],
    "nightly": [],
    "roster load": ["{classes}"],
    "content load": ["{items}"],
    "calibrate": [],
    "report": ["7B", "--html"],
    "alerts route": [],
    "remind": [],
    "dashboards permit": [],
    "docs build": [],
    "token list": [],
    "student export": ["ann", "--output", "{output}"],
}
WITHOUT_KAFKA: dict[str, list[str]] = {
    "topics": [],
    "run": ["engagement"],
    "adopt": [],
    "replay": ["{log}", "--format", "jsonl"],
    "simulate": ["--seconds", "1"],
}


def files_in(folder: Path) -> dict[str, str]:
    """Returns the files that commands are given, by the names in the tables above."""
    (folder / "classes.csv").write_text("class_id,title\n7B,B\n")
    (folder / "items.csv").write_text("course_id,item_id,kind,title,position,expected_seconds\nc,i,chapter,T,1,9\n")
    (folder / "log.jsonl").write_text('{"event_name":"click","student_id":"s","timestamp":"2026-03-02T10:00:00Z"}\n')
    return {
        "classes": f"{folder}/classes.csv",
        "items": f"{folder}/items.csv",
        "log": f"{folder}/log.jsonl",
        "output": f"{folder}/out",
    }


def without_servers(words: str, files: dict[str, str]) -> list[str]:
    """Returns a command of the tables above as it is typed."""
    return [*words.split(), *(argument.format(**files) for argument in (WITHOUT_DATABASE | WITHOUT_KAFKA)[words])]


def test_every_command_explains_itself_and_fails_in_words_with_its_exit_code(tmp_path: Path) -> None:
    files = files_in(tmp_path)
    failing = [without_servers(words, files) for words in WITHOUT_DATABASE | WITHOUT_KAFKA]
    checks = [["dashboards", "build", "--check"], ["alerts", "build", "--check"], ["schema", "clickstream_event"]]
    done = plain(MANY, json.dumps([[*failing, *checks], NOWHERE | {"COLUMNS": "400"}]))
    assert done.returncode == 0, done.stderr[-3000:]
    said = {tuple(words): (code, output) for words, code, output in json.loads(done.stdout.splitlines()[-1])}
    assert len(said) > len(failing) + 40
    for words, (code, output) in said.items():
        assert code == (Exit.UNAVAILABLE if list(words) in failing else Exit.DONE), (words, output[-2000:])
        assert "Traceback" not in output, words
        assert "secret" not in output, words
        if list(words) in failing:
            assert f"classpulse {words[0]}: " in output, words
            assert re.search("[Dd]atabase|Kafka|Grafana|127.0.0.1", output), output
        assert "development tools" not in output, words


@pytest.mark.soak
def test_the_measurements_that_needed_a_development_tool_run() -> None:
    for words in (
        "bench rules --scale 0.002 --days 2 --runs 1",
        "bench alerts --classes 4 --weeks 1",
    ):
        done = plain(RUN, *words.split())
        assert done.returncode == 0, done.stderr[-3000:]
