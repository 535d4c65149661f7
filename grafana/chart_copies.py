"""The chart's own copies of boards and rules: Helm reads nothing outside a chart's folder, and warns of links."""

from __future__ import annotations

from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
CHART: Final = Path("helm/classpulse/files")
COPIED: Final = {
    "dashboards": ("grafana/dashboards", "**/*.json"),
    "alerting": ("grafana/provisioning/alerting", "*.yml"),
    "rules": ("prometheus/rules", "*.yml"),
}


def wanted(root: Path = ROOT) -> dict[Path, bytes]:
    """Returns the files that the chart should hold, by their paths below `root`; none where there is no chart."""
    if not (root / CHART.parent).is_dir():
        return {}
    return {
        CHART / name / path.relative_to(root / source): path.read_bytes()
        for name, (source, pattern) in COPIED.items()
        for path in sorted((root / source).glob(pattern))
    }


def outdated(root: Path = ROOT) -> list[Path]:
    """Returns the copies that are missing, differ, or have lost their source."""
    copies = wanted(root)
    differ = [
        path for path, data in copies.items() if not (root / path).is_file() or (root / path).read_bytes() != data
    ]
    present = {path.relative_to(root) for path in (root / CHART).rglob("*") if path.is_file()}
    return sorted({*differ, *(present - copies.keys())})


def write(root: Path = ROOT) -> list[Path]:
    """Brings the copies up to date and returns those that changed."""
    changed, copies = outdated(root), wanted(root)
    for path in changed:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        if path in copies:
            (root / path).write_bytes(copies[path])
        else:
            (root / path).unlink()
    return changed
