"""What may import what: the tree of docs/architecture.md, as imports."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = (
    "alerting", "api", "bench", "dataflows", "db", "demo", "grafana", "health", "ingest", "local", "models", "privacy",
    "reports", "simulation", "verify",
)  # fmt: skip


def imports(folder: Path) -> Iterator[tuple[str, str]]:
    """Yields (file, module) of every import of our own modules, wherever in the file it stands."""
    for path in sorted(folder.rglob("*.py")) if folder.is_dir() else [folder]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            found: list[str] = []
            if isinstance(node, ast.Import):
                found = [name.name for name in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module:
                found = [node.module, *(f"{node.module}.{name.name}" for name in node.names)]
            for module in found:
                yield str(path.relative_to(ROOT)), module


def of(importer: str, *imported: str) -> list[str]:
    """Returns the imports of some modules, or of what lies in them, by a file or folder."""
    return sorted(
        {
            f"{file} imports {module}"
            for file, module in imports(ROOT / importer)
            if any(module == name or module.startswith(f"{name}.") for name in imported)
        }
    )


@pytest.mark.parametrize("package", PACKAGES)
def test_nothing_imports_the_command_line(package: str) -> None:
    assert of(package, "cli") == []


def test_the_dataflows_stand_at_the_bottom() -> None:
    above = [package for package in PACKAGES if package not in {"dataflows", "db"}]
    assert of("dataflows", *above) == []


def test_source_and_sink_do_not_know_each_other() -> None:
    assert of("dataflows/sink", "dataflows.kafka") == []
    assert of("dataflows/kafka", "dataflows.sink") == []


def test_formulas_know_neither_bytewax_nor_kafka_nor_sql() -> None:
    assert of("dataflows/scores", "bytewax", "confluent_kafka", "psycopg", "dataflows.kafka", "dataflows.sink") == []


@pytest.mark.parametrize("module", ["event_time", "watermark", "dedupe", "session", "tumbling", "hopping", "frames"])
def test_event_time_and_windows_are_pure(module: str) -> None:
    others = ("bytewax", "confluent_kafka", "psycopg", "dataflows.kafka", "dataflows.sink", "dataflows.metrics")
    assert of(f"dataflows/operators/{module}.py", *others) == []


def test_the_limits_of_rules_need_no_front_end_package() -> None:
    for file in ("grafana/thresholds.py", "alerting/limits.py"):
        assert of(file, "grafana_foundation_sdk", "grafana.theme", "grafana.scales") == []


def test_what_is_imported_is_seen() -> None:
    assert of("dataflows/worker.py", "dataflows.kafka.source")
