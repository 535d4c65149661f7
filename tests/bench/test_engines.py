"""The comparison of engines: what it makes of figures and rows, and ClassPulse's own job on real Kafka."""

from __future__ import annotations

import doctest
import os
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from bench.engines import contenders, log, page, run
from bench.engines.contenders import CONTENDERS, Task
from bench.engines.output import Output
from bench.engines.run import Turn, differences, line
from bench.stack import run as run_python
from cli.main import app
from dataflows.settings import Settings
from tests.dataflows.kafka.reading import make

ROOT = Path(__file__).parents[2]
STREAMS = next(one for one in CONTENDERS if one.engine == "Kafka Streams")
OURS = next(one for one in CONTENDERS if one.variant == "declared windows, final rows")


def turn(us: float, wrong: int = 0) -> Turn:
    return Turn(us, 2.0, 7, wrong == 0, wrong, 100.0, 1.5)


def report(*lines: dict[str, Any]) -> dict[str, Any]:
    machine = {"cpu": "a CPU", "cores": 2, "load_average_1m": 0.5, "kafka": "4", "python": "3.11"}
    return {"machine": machine, "events": 10, "seconds": 5.0, "late": 1, "rounds": 3, "engines": list(lines)}


@pytest.mark.parametrize("module", [contenders, log, run])
def test_the_examples_in_the_docstrings_run(module: Any) -> None:
    assert doctest.testmod(module).failed == 0


def test_a_line_has_the_median_and_what_the_contract_names() -> None:
    found = line(STREAMS, [turn(2.0), turn(9.0), turn(2.5)], None)
    assert found["us_per_event"] == 2.5
    assert found["events_per_core_s"] == 400_000
    assert found["exact"]
    assert found.keys() >= {"engine", "variant", "us_per_event", "events_per_core_s", "dropped_late", "exact"}


def test_one_wrong_row_in_one_round_is_said_in_the_table() -> None:
    found = line(STREAMS, [turn(2.0), turn(2.0, wrong=3)], None)
    assert not found["exact"]
    assert "no, 3 rows differ" in page.table(report(found))


def test_whoever_is_ahead_the_table_says_so() -> None:
    ours, theirs = line(OURS, [turn(4.0)], None), line(STREAMS, [turn(2.0)], None)
    assert page.sentence(report(ours, theirs)).startswith("**Kafka Streams")
    assert page.ordered(report(ours, theirs))[0] is theirs
    dearer = line(STREAMS, [turn(6.0)], None)
    assert "needs 1.50 times as much" in page.sentence(report(ours, dearer))


def test_an_engine_that_cannot_be_had_is_left_out_with_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.engines.parts.shutil.which", lambda *_args, **_more: None)
    monkeypatch.setattr("bench.engines.parts.java", lambda: "java")
    monkeypatch.setenv("XDG_CACHE_HOME", "/nowhere")
    commands, missing = run.prepare([STREAMS], lambda _text: None)
    assert commands == {}
    assert missing == {STREAMS.name: "Maven (mvn) is not installed"}
    assert "left out: Maven" in page.table(report(line(STREAMS, [], missing[STREAMS.name])))


def test_a_broken_page_is_made_whole(tmp_path: Path) -> None:
    (tmp_path / "engines.md").write_text(f"before\n{page.BEGIN}\nold\n{page.END}\nafter\n")
    page.keep(report(line(STREAMS, [turn(2.0)], None)), tmp_path)
    text = (tmp_path / "engines.md").read_text()
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert "| Kafka Streams |" in text
    assert "old" not in text
    assert "2.00</text>" in (tmp_path / "engines.svg").read_text()


def test_only_engines_that_there_are_can_be_asked_for() -> None:
    said = CliRunner().invoke(app, ["bench", "engines", "--only", "Spark"])
    assert said.exit_code == 2
    assert "Kafka Streams" in said.output


def test_our_rows_are_those_of_an_independent_reading(kafka: str, topic_prefix: str, tmp_path: Path) -> None:
    """A small log of ten minutes with late events, through the job as the command runs it."""
    settings = Settings(kafka_bootstrap_servers=kafka, topic_prefix=topic_prefix)
    topic = settings.topic("clickstream_events")
    make(kafka, {topic: 4})
    log.publish(settings, topic, 3000, 5.0)
    expected = log.read(settings, topic)
    assert expected.late
    output = Output(settings, f"{topic_prefix}rows", OURS.read)
    task = Task(kafka, topic, f"{topic_prefix}rows", tmp_path / "state", 1000, expected.events)
    names = {"KAFKA_BOOTSTRAP_SERVERS": kafka, "CLASSPULSE_TOPIC_PREFIX": topic_prefix, "PYTHONPATH": str(ROOT)}
    said = run_python(OURS.arguments(task), os.environ | names)
    while output.grows(1.0):
        pass
    output.close()
    assert differences(expected.rows, log.joined(output.rows, expected.horizon_ms)) == 0
    assert f'"late": {expected.late}' in said
