"""What a newcomer reads and runs first agrees with the code."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from pydantic import AliasChoices
from pydantic.fields import FieldInfo

from alerting.limits import Limits
from alerting.reminders.settings import RemindSettings
from alerting.times import Times
from api.settings import ApiSettings
from cli.main import COMMANDS
from dataflows.settings import Settings

ROOT = Path(__file__).parents[1]
LOCKS = ("requirements.lock", "requirements-dev.lock")


def variable(name: str, field: FieldInfo) -> str:
    """Returns the environment variable that sets a field."""
    if isinstance(field.validation_alias, AliasChoices):
        return str(field.validation_alias.choices[0])
    return f"CLASSPULSE_{name.upper()}"


def documented() -> dict[str, tuple[bool, str]]:
    """Returns the variables of `.env.example`: whether the line is active, and its value."""
    lines = re.findall(r"^(# )?([A-Z][A-Z0-9_]*)=(.*)$", (ROOT / ".env.example").read_text(), re.MULTILINE)
    return {name: (not commented, value) for commented, name, value in lines}


OF_ONE_COMMAND = {
    "ALERTMANAGER_URL",
    "CLASSPULSE_MEMBER",
    "CLASSPULSE_METRICS_PORT",
    "CLASSPULSE_STATS_FILE",
    "CLASSPULSE_TRACE_BATCHES",
    "CLASSPULSE_VERSION",
    "GRAFANA_PASSWORD",
    "GRAFANA_TOKEN",
    "CLASSPULSE_CHROMIUM",
    "GRAFANA_URL",
    "GRAFANA_USER",
    "POD_IP",
    "PROMETHEUS_URL",
}


OF_DELIVERY = set(
    re.findall(
        r"CLASSPULSE_(?:SLACK|SMTP|OPERATORS|GRAFANA_URL|RUNBOOKS)\w*",
        "".join(path.read_text() for path in (ROOT / "alerting").rglob("*.sh")),
    )
) | {
    "CLASSPULSE_SLACK_TOKEN",
    "CLASSPULSE_SLACK_URL_FILE",
    "CLASSPULSE_SMTP_PASSWORD_FILE",
    "CLASSPULSE_TEACHERS_EMAIL",
}
"""Where alerts go: read by the scripts that start Alertmanager and the like, not by us."""


def test_env_example_names_exactly_the_settings() -> None:
    models = (Settings, ApiSettings, Limits, Times, RemindSettings)
    fields = {variable(name, field) for model in models for name, field in model.model_fields.items()}
    assert set(documented()) == fields | OF_ONE_COMMAND | OF_DELIVERY


def test_env_example_gives_each_setting_its_default(tmp_path: Path) -> None:
    shown = tmp_path / "env"
    shown.write_text("".join(f"{name}={value}\n" for name, (active, value) in documented().items() if active))
    assert Settings(_env_file=shown) == Settings(_env_file=None)
    assert ApiSettings(_env_file=shown) == ApiSettings(_env_file=None)
    assert Limits(_env_file=shown) == Limits(_env_file=None)
    assert Times(_env_file=shown) == Times(_env_file=None)


def test_every_lock_line_is_pinned_and_hashed() -> None:
    for lock in ("requirements.lock", "requirements-dev.lock"):
        text = (ROOT / lock).read_text()
        for requirement in re.findall(r"^[a-z].*$", text, re.MULTILINE):
            assert "==" in requirement
        assert text.count("==") <= text.count("--hash=sha256:")


def test_the_runtime_lock_is_part_of_the_development_lock() -> None:
    names = [set(re.findall(r"^[a-z0-9._-]+==\S+", (ROOT / lock).read_text(), re.MULTILINE)) for lock in LOCKS]
    assert names[0] <= names[1]


def test_the_locks_hold_every_declared_dependency() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    runtime, develop = (
        {name for name in re.findall(r"^([a-z0-9._-]+)==", (ROOT / lock).read_text(), re.MULTILINE)} for lock in LOCKS
    )
    assert {bare(line) for line in declared["dependencies"]} <= runtime
    assert {bare(line) for line in declared["optional-dependencies"]["dev"]} <= develop


def test_the_image_is_built_of_every_package() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    packages = project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    sent = re.findall(r"^!(.+)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE)
    assert set(packages) - set(sent) == set()


def test_make_help_lists_what_people_need() -> None:
    listed = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for target in ("install", "demo", "test", "lint", "services", "services-stop", "up", "down", "ci", "clean"):
        assert f"make {target} " in listed


def test_help_imports_no_command() -> None:
    code = (
        "import sys, cli.main; sys.exit(bool({'polars', 'bytewax', 'psycopg', 'confluent_kafka'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_the_readme_names_every_command(command: str) -> None:
    assert f"`{command}" in (ROOT / "README.md").read_text()


def test_no_setting_of_a_secret_has_a_default_password() -> None:
    assert "@" not in documented()["DATABASE_URL"][1]
    assert not documented()["KAFKA_SASL_PASSWORD"][0]


def bare(requirement: str) -> str:
    """Returns a requirement's name as the locks spell it."""
    return re.split(r"[\[=<>~!; ]", requirement)[0].lower().replace("_", "-")


def test_the_decisions_are_numbered_without_gaps_and_listed() -> None:
    index = (ROOT / "docs" / "adr" / "README.md").read_text()
    files = sorted((ROOT / "docs" / "adr").glob("[0-9]*.md"))
    assert [int(file.name[:4]) for file in files] == list(range(1, len(files) + 1))
    for file in files:
        title = file.read_text().splitlines()[0].removeprefix("# ")
        assert f"[{title[:4]}]({file.name}) | {title[6:]} |" in index
        assert re.findall("^## (.*)$", file.read_text(), re.MULTILINE) == ["Context", "Decision", "Consequences"]


def test_links_between_the_documents_lead_somewhere() -> None:
    for document in [ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\((?!https?://|#)([^)#]+)", document.read_text()):
            assert (document.parent / target).exists(), f"{document.name}: {target}"


def test_the_tree_in_the_architecture_is_the_tree() -> None:
    """What it names is there, and no folder of code is missing from it."""
    page = (ROOT / "docs" / "architecture.md").read_text()
    [tree] = re.findall(r"^```\n(dataflows/.*?)^```", page, re.MULTILINE | re.DOTALL)
    folders, named = [""], set[str]()
    for line in tree.splitlines():
        names = line[:23].split()  # what it is stands behind
        if not names:
            continue
        depth = (len(line) - len(line.lstrip())) // 2
        named |= {f"{folders[depth]}{name}" for name in names}
        folders = [*folders[: depth + 1], f"{folders[depth]}{names[0]}"]
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []
    assert {f"{path.parent.name}/" for path in ROOT.glob("*/__init__.py")} <= named


def test_no_file_holds_what_a_merge_left_behind() -> None:
    marks = r"^(<<<<<<< |>>>>>>> |=======$)"
    found = subprocess.run(["git", "grep", "-nE", marks], cwd=ROOT, capture_output=True, text=True, check=False)
    assert found.returncode in (1, 128), found.stdout  # 128: not a checkout
