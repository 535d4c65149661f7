"""Identifiers are words of the field: what an engineer searches for is what he finds (ADR 19)."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest

from alerting.backtest.states import Turn

ROOT = Path(__file__).parents[1]
SOURCES = sorted(
    path
    for folder in ROOT.iterdir()
    if folder.is_dir() and not folder.name.startswith((".", "_"))
    for path in folder.rglob("*.py")
    if ".venv" not in path.parts
)

INSTEAD = {
    "Deed": "Action",
    "Gear": "Client",
    "Where": "Location",
    "klass": "class_code",
    "told": "reported",
    "cuts": "split_points",
    "anew": "refold",
    "Beat": "FlushTimer",
    "beat": "flush",
    "Part": "ManagedServer",
    "Past": "RebuildSpec",
    "hosts": "overlaps",
    "since_of": "changed_since",
    "with_patience": "retry_while_unavailable",
    "asked": "queries",
    "built": "render",
    "trust": "data_quality",
}


def identifiers(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Yields every name that is given or used, with its line; texts and comments are none."""
    for node in ast.walk(tree):
        found: list[str | None] = []
        match node:
            case ast.Name():
                found = [node.id]
            case ast.Attribute():
                found = [node.attr]
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                found = [node.name]
            case ast.arg() | ast.keyword():
                found = [node.arg]
            case ast.alias():
                found = [*node.name.split("."), node.asname]
            case ast.ImportFrom():
                found = list((node.module or "").split("."))
        for name in found:
            if name:
                yield name, getattr(node, "lineno", 0)


def test_no_identifier_is_a_picture_where_the_field_has_a_word() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{line}: {name}, say {INSTEAD[name]}"
        for path in SOURCES
        for name, line in identifiers(ast.parse(path.read_text(encoding="utf-8")))
        if name in INSTEAD
    ]
    assert not wrong, "\n".join(wrong)


def test_modules_are_named_in_the_same_words() -> None:
    assert [path for path in SOURCES if {path.stem, path.parent.name} & INSTEAD.keys()] == []


def test_a_turn_of_an_alert_says_whether_it_is_firing() -> None:
    assert "is_firing" in {field.name for field in fields(Turn)}


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("from a.told import b", "told"),
        ("class Deed: pass", "Deed"),
        ("f(klass=1)", "klass"),
        ("x.beat", "beat"),
        ("def f(anew): pass", "anew"),
        ("import a as trust", "trust"),
    ],
)
def test_the_check_sees_names_of_every_kind(code: str, name: str) -> None:
    assert name in {found for found, _line in identifiers(ast.parse(code))}


def test_the_check_leaves_prose_and_texts_alone() -> None:
    assert {found for found, _line in identifiers(ast.parse('"""What was told."""\nprint("told")'))} == {"print"}
