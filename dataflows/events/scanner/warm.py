"""Compiles the scanner where it is not compiled yet: `python -m dataflows.events.scanner.warm [FOLDER]`."""

from __future__ import annotations

import sys
from pathlib import Path

from dataflows.events.scanner import loading


def main() -> int:
    """Compiles into the folder that is given, or into the one that everybody looks into."""
    loading.prepare(Path(sys.argv[1]) if len(sys.argv) > 1 else None, wait=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
