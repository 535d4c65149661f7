"""Which boards there are, and their JSON."""

from __future__ import annotations

import json
from pathlib import Path

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from grafana.boards import BOARDS
from grafana.committed import FOLDERS
from grafana.thresholds import Thresholds


def rendered(limits: Thresholds) -> dict[Path, str]:
    """Returns the text of every board's file, by its path below `FOLDERS`."""
    boards = {Path(module.FOLDER) / f"{name}.json": module.build(limits) for name, module in BOARDS.items()}
    return {
        path: json.dumps(board.build(), cls=JSONEncoder, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
        for path, board in boards.items()
    }


def outdated(limits: Thresholds, root: Path = FOLDERS) -> list[Path]:
    """Returns the files below `root` that are missing, differ from their source, or have none."""
    wanted = rendered(limits)
    differing = [path for path, text in wanted.items() if not (root / path).exists() or _read(root / path) != text]
    orphans = [path.relative_to(root) for path in root.rglob("*.json") if path.relative_to(root) not in wanted]
    return sorted(differing + orphans)


def write(limits: Thresholds, root: Path = FOLDERS) -> list[Path]:
    """Writes what is outdated, removes what has no source, and returns the paths below `root`."""
    changed, wanted = outdated(limits, root), rendered(limits)
    for path in changed:
        if path in wanted:
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(wanted[path], encoding="utf-8")
        else:
            (root / path).unlink()
    return changed


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")
