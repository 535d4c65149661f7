"""After `make install`, and in the image, every command works: nothing that they import is a development tool."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WHEEL = (ROOT / "pyproject.toml").read_text().partition("packages = [")[2].partition("]")[0]
PACKAGES = re.findall(r'"(\w+)"', WHEEL)
# says in a sentence that it needs scipy and fsrs: 40 MB that a school's machine has no use for
OF_DEVELOPERS = {"bench/memory_models.py", "bench/forgetting/"}
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


@pytest.mark.parametrize(
    "words",
    [
        "alerts backtest --help",
        "bench alerts --help",
        "bench rules --help",
        "dashboards build --check",
        "alerts build --check",
        "schema clickstream_event",
    ],
)
def test_it_runs(words: str) -> None:
    done = plain(RUN, *words.split())
    assert done.returncode == 0, done.stderr[-3000:]


@pytest.mark.soak
def test_the_measurements_that_needed_a_development_tool_run() -> None:
    for words in (
        "bench rules --scale 0.002 --days 2 --runs 1",
        "bench alerts --classes 4 --weeks 1",
    ):
        done = plain(RUN, *words.split())
        assert done.returncode == 0, done.stderr[-3000:]
