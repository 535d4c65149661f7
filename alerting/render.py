"""The files that are built from the list, and whether they are what it says."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import yaml

from alerting import grafana
from alerting.delivery import files as delivery
from alerting.docs import documented
from alerting.limits import Limits
from alerting.times import Times

ROOT: Final = Path(__file__).parents[1]
FOLDER: Final = Path("grafana/provisioning/alerting")
HEAD: Final = "# Built by `classpulse alerts build` from alerting/: change it there.\n"


class _Dumper(yaml.SafeDumper):
    """Writes SQL and templates as blocks, so that a reader of the file can read them."""


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    style = "|" if "\n" in value else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)


def rendered(limits: Limits, times: Times) -> dict[Path, str]:
    """Returns the text of every file by its path below the repository."""
    files: dict[str, dict[str, Any]] = {
        "rules.yml": grafana.rule_file(limits),
        "contact-points.yml": delivery.contact_file(),
        "policies.yml": delivery.policy_file(times),
        "mute-times.yml": delivery.times_file(times),
        "templates.yml": delivery.template_file(),
    }
    texts = {FOLDER / name: HEAD + _yaml(content) for name, content in files.items()}
    return texts | {Path("docs/alerts.md"): documented((ROOT / "docs/alerts.md").read_text(encoding="utf-8"))}


def outdated(limits: Limits, times: Times, root: Path = ROOT) -> list[Path]:
    """Returns the files below `root` that are missing or differ from their source."""
    return sorted(
        path
        for path, text in rendered(limits, times).items()
        if not (root / path).exists() or (root / path).read_text(encoding="utf-8") != text
    )


def write(limits: Limits, times: Times, root: Path = ROOT) -> list[Path]:
    """Writes what is outdated and returns the paths below `root`."""
    changed, wanted = outdated(limits, times, root), rendered(limits, times)
    for path in changed:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(wanted[path], encoding="utf-8")
    return changed


def _yaml(content: dict[str, Any]) -> str:
    return yaml.dump(content, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1000)
