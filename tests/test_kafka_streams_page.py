"""docs/kafka-streams.md names a file and a test for every concept, and draws what the command draws."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "kafka-streams.md").read_text(encoding="utf-8")
ROWS = [line for line in PAGE.splitlines() if line.startswith("| ") and not line.startswith("| Kafka Streams |")]


def test_every_concept_has_a_file_and_a_test() -> None:
    assert len(ROWS) > 30
    lacking = [row[:60] for row in ROWS if not re.search(r"\]\(\.\./[\w/.]+\)", row) or "`tests/" not in row]
    assert lacking == []


def test_the_drawing_is_that_of_the_command() -> None:
    from dataflows import describe, flows
    from dataflows.settings import Settings

    drawn = describe.drawn(describe.describe(flows.named("engagement"), Settings(_env_file=None))).splitlines()
    shown = PAGE.split("```")[1].splitlines()[2:]
    assert [line for line in shown if line.rstrip("…") and not any(d.startswith(line.rstrip("…")) for d in drawn)] == []
