"""The folder that Grafana reads alerts from: files with addresses in them, for their owner and one group only."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Final

SHIPPED: Final = Path(__file__).parents[2] / "grafana" / "provisioning" / "alerting"
MODE: Final = 0o640


def known_uids(path: Path) -> set[str]:
    """Returns the receivers that a file of routes made or deleted; none where there is no such file."""
    if not path.exists():
        return set()
    before = json.loads(path.read_text(encoding="utf-8"))
    made = {receiver["uid"] for point in before["contactPoints"] for receiver in point["receivers"]}
    return made | {gone["uid"] for gone in before["deleteContactPoints"]}


def put(path: Path, text: str) -> bool:
    """Puts a file in place as a whole, where it is another than before; says whether it was."""
    if path.exists() and path.read_text(encoding="utf-8") == text and path.stat().st_mode & 0o777 == MODE:
        return False
    draft = path.with_name(f".{path.name}.draft")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, MODE), "w", encoding="utf-8") as file:
        os.fchmod(file.fileno(), MODE)
        file.write(text)
    draft.replace(path)
    return True


def put_shipped(folder: Path) -> int:
    """Puts the files of the repository there; returns how many were other than before."""
    return sum(put(folder / path.name, path.read_text(encoding="utf-8")) for path in SHIPPED.glob("*.yml"))


def written(document: dict[str, Any]) -> str:
    """Returns a provisioning file's text."""
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"
