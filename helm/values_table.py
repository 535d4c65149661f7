"""Writes the table of values in the chart's README from the comments of values.yaml; `--check` fails where it differs.

A comment that begins with `# --` describes the value on the next line; its further lines go on in `# `.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import yaml

CHART = Path(__file__).parent / "classpulse"
BEGIN, END = "<!-- values: begin -->\n", "<!-- values: end -->\n"
_LINE = re.compile(r"^( *)([A-Za-z_]+):")


def described(text: str) -> list[tuple[str, str]]:
    """Returns (dotted path, description) of every value that a comment describes, in order."""
    found, path, comment = list[tuple[str, str]](), list[tuple[int, str]](), list[str]()
    for line in text.splitlines():
        stripped = line.strip()
        if stripped.startswith("# --"):
            comment = [stripped[4:].strip()]
        elif stripped.startswith("#") and comment:
            comment.append(stripped[1:].strip())
        elif matched := _LINE.match(line):
            indent = len(matched[1])
            path = [*(step for step in path if step[0] < indent), (indent, matched[2])]
            if comment:
                found.append((".".join(name for _, name in path), " ".join(comment)))
            comment = []
        else:
            comment = []
    return found


def table(values: dict[str, Any], rows: list[tuple[str, str]]) -> str:
    """Returns the rows as a Markdown table with the defaults."""
    lines = ["| value | default | |", "|---|---|---|"]
    for path, description in rows:
        value: Any = values
        for step in path.split("."):
            value = value[step]
        # A block's own members have their rows, or are shown in the file.
        default = "…" if isinstance(value, dict) and len(json.dumps(value)) > 60 else json.dumps(value)
        lines.append(f"| `{path}` | `{default}` | {description} |")
    return "\n".join(lines) + "\n"


def main() -> int:
    """Writes or checks the README; returns the exit code."""
    text = (CHART / "values.yaml").read_text()
    readme = CHART / "README.md"
    before, rest = readme.read_text().split(BEGIN)
    after = rest.split(END)[1]
    wanted = before + BEGIN + table(yaml.safe_load(text), described(text)) + END + after
    if "--check" in sys.argv[1:]:
        same = wanted == readme.read_text()
        print("current" if same else "helm/classpulse/README.md is out of date: python helm/values_table.py")
        return 0 if same else 1
    readme.write_text(wanted)
    return 0


if __name__ == "__main__":
    sys.exit(main())
