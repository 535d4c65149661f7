"""Whether each panel of each board is asked by a test that compares its answer with a known one."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from grafana.committed import boards

HERE = Path(__file__).parent
EVERY_BOARD = {"As of"}
"""Panels that test_as_of.py asks on every board."""


def words_of_known_answers(source: str) -> set[str]:
    """Returns every text in a test that compares something, and in what it names of the same file."""
    body = ast.parse(source).body
    named: dict[str, ast.AST] = {node.name: node for node in body if isinstance(node, ast.FunctionDef)}
    waiting = [test for name, test in named.items() if name.startswith("test_") and _compares(test)]
    named |= {
        node.targets[0].id: node
        for node in body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }
    words: set[str] = set()
    while waiting:
        for node in ast.walk(waiting.pop()):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                words.add(node.value)
            elif isinstance(node, ast.Name) and not node.id.startswith("test_") and node.id in named:
                waiting.append(named.pop(node.id))
    return words


def _compares(test: ast.AST) -> bool:
    asserted = [node.test for node in ast.walk(test) if isinstance(node, ast.Assert)]
    return any(isinstance(node, ast.Compare | ast.Call) for each in asserted for node in ast.walk(each))


def untested(board: str, source: str) -> set[str]:
    """Returns the titles of the board's panels that no such test speaks of; test_pipeline.py holds Prometheus'."""
    asking = {panel["title"] for panel in boards()[board]["panels"] if "expr" not in panel["targets"][0]}
    return asking - words_of_known_answers(source) - EVERY_BOARD


@pytest.mark.parametrize("board", sorted(boards()))
def test_every_panel_has_a_known_answer(board: str) -> None:
    assert untested(board, (HERE / f"test_{board}.py").read_text(encoding="utf-8")) == set()


def test_a_title_that_nothing_is_compared_with_does_not_count() -> None:
    queried = "def rows():\n    return panel('Risk matrix')\n\ndef test_a():\n    found = rows()\n"
    assert "Risk matrix" in untested("overview", queried)
    assert "Risk matrix" not in untested("overview", queried + "    assert found == []\n")
