"""What holds for every command: an example that can be typed, one style of names, no traceback for the surroundings."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

import pytest
import typer
from typer._click.core import Command, Context
from typer.core import TyperArgument, TyperGroup, TyperOption
from typer.testing import CliRunner

from cli.main import COMMANDS, app
from dataflows.errors import Exit
from tests.cli.running import ROOT

root = typer.main.get_command(app)


def leaves(command: Command, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Command]]:
    """Yields every command that does something, with its words."""
    if not isinstance(command, TyperGroup):
        yield path, command
        return
    with Context(command, info_name="classpulse") as context:
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            yield from leaves(below, (*path, name))


ALL = dict(leaves(root))
IDS = [" ".join(path) for path in ALL]


@pytest.mark.parametrize("path", ALL, ids=IDS)
def test_help_has_an_example_that_parses(path: tuple[str, ...]) -> None:
    command = ALL[path]
    found = re.search(r"Example: classpulse (.+)", command.help or "")
    assert found, command.help
    words = shlex.split(found[1])
    assert tuple(words[: len(path)]) == path
    # unknown options and missing values fail here; files need not exist
    parsed = command.make_context(path[-1], words[len(path) :], resilient_parsing=True)
    assert not parsed.args


@pytest.mark.parametrize("path", ALL, ids=IDS)
def test_names_of_values_are_of_one_style(path: tuple[str, ...]) -> None:
    for parameter in ALL[path].params:
        shown = str(parameter.metavar or "")
        if isinstance(parameter, TyperArgument):
            assert re.fullmatch(r"[A-Z]+", shown), shown
            assert not re.search(r"[^S]S$", shown) or shown == "CLASS", shown
        elif isinstance(parameter, TyperOption):
            assert re.fullmatch(r"[A-Z=,.\[\]]*", shown), shown
        assert "completion" not in str(parameter.name)


def test_the_root_says_its_version_and_completes_commands() -> None:
    said = CliRunner().invoke(app, ["--version"])
    assert said.exit_code == 0
    assert re.fullmatch(r"classpulse \S+\n", said.output)
    completed = CliRunner().invoke(
        app,
        [],
        prog_name="classpulse",
        env={"_CLASSPULSE_COMPLETE": "complete_bash", "COMP_WORDS": "classpulse re", "COMP_CWORD": "1"},
    )
    assert {"rebuild", "replay", "report", "remind"} <= set(completed.output.split())


def test_readme_lists_every_command_and_no_other() -> None:
    table = (ROOT / "README.md").read_text().partition("## Commands")[2].partition("##")[0]
    listed = set(
        re.findall(r"`([a-z]+)[^`]*`", "".join(line.split("|")[1] for line in table.splitlines() if "| `" in line))
    )
    assert listed == set(COMMANDS)


def test_every_exit_code_is_in_the_one_table() -> None:
    table = (ROOT / "docs/operations.md").read_text().partition("## Exit codes")[2].partition("\n## ")[0]
    listed = {int(code) for code in re.findall(r"^\| (\d+) ", table, re.MULTILINE)}
    assert set(map(int, Exit)) <= listed


NOWHERE = {
    "DATABASE_URL": "postgresql://nobody:secret@127.0.0.1:1/none",
    "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1",
    "GRAFANA_URL": "http://127.0.0.1:1",
    "CLASSPULSE_SMTP_HOST": "127.0.0.1:1",
    "CLASSPULSE_SMTP_FROM": "a@b.example",
}


@pytest.mark.parametrize(
    ("variable", "value"), [("CLASSPULSE_PARTITIONS", "many"), ("CLASSPULSE_TIMEZONE", "Atlantis/Poseidonis")]
)
@pytest.mark.parametrize("words", ["migrate", "topics", "run engagement", "tick", "nightly", "calibrate", "remind"])
def test_a_wrong_setting_is_named(words: str, variable: str, value: str) -> None:
    said = CliRunner().invoke(app, words.split(), env={**NOWHERE, variable: value}, prog_name="classpulse")
    assert said.exit_code == Exit.REFUSED, said.output
    assert f"{variable}: " in said.stderr
    assert "Traceback" not in said.output


def test_a_defect_keeps_its_traceback_and_asks_to_be_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        message = "a thing that cannot be"
        raise AssertionError(message)

    monkeypatch.setattr("dataflows.kafka.topics.create_or_check", broken)
    said = CliRunner().invoke(app, ["topics"], prog_name="classpulse")
    assert said.exit_code == Exit.WRONG
    assert "Traceback" in said.stderr
    assert "AssertionError: a thing that cannot be" in said.stderr
    assert said.stderr.rstrip().endswith("`classpulse --version` says.")
