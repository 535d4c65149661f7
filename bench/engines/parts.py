"""Where the other engines come from: Java projects that Maven builds, Python packages in environments of their own.

All lies in the user's cache folder, made once; a plain installation has none of it.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from local.kafka import java
from local.managed_server import PartMissingError

BENCH: Final = Path(__file__).parents[1]
QUIX: Final = "quixstreams==3.28.1"


def cache() -> Path:
    """Returns the folder of what was built."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "classpulse" / "engines"


def java_project(name: str) -> list[str]:
    """Builds a Java project below `bench/` with Maven, unless it is built, and returns the beginning of its command.

    Raises:
        PartMissingError: Java or Maven is missing, or Maven cannot get what the project needs.
    """
    program = java()
    sources = [BENCH / name / "pom.xml", *sorted((BENCH / name / "src").rglob("*.java"))]
    sources += sorted((BENCH / "jvm").rglob("*.java"))
    folder = cache() / f"{name}-{_digest(sources)}"
    if not (folder / "built").exists():
        maven = shutil.which("mvn")
        if maven is None:
            message = "Maven (mvn) is not installed"
            raise PartMissingError(message)
        shutil.rmtree(folder, ignore_errors=True)
        arguments = ["-q", "-B", "-f", str(BENCH / name / "pom.xml"), f"-Dbuild.folder={folder}", "package"]
        done = subprocess.run([maven, *arguments], capture_output=True, text=True, check=False)  # noqa: S603
        if done.returncode:
            said = (line.removeprefix("[ERROR]").strip() for line in done.stdout.splitlines())
            message = f"Maven could not build bench/{name}: {next(filter(None, said), 'it does not say why')}"
            raise PartMissingError(message)
        (folder / "built").touch()
    return [program, "-cp", f"{next(folder.glob('*-peer-1.jar'))}:{folder}/jars/*"]


def python_package(requirement: str) -> str:
    """Installs a package into an environment of its own, unless it is there, and returns that environment's Python.

    Raises:
        PartMissingError: It cannot be installed.
    """
    folder = cache() / requirement.replace("==", "-")
    program = folder / "bin" / "python"
    if not (folder / "built").exists():
        shutil.rmtree(folder, ignore_errors=True)
        for command in (
            [sys.executable, "-m", "venv", str(folder)],
            [str(program), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", requirement],
        ):
            done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
            if done.returncode:
                said = [line for line in done.stderr.splitlines() if line.strip()]
                message = f"{requirement} could not be installed: {said[-1] if said else 'pip does not say why'}"
                raise PartMissingError(message)
        (folder / "built").touch()
    return str(program)


def _digest(files: list[Path]) -> str:
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.name.encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()[:16]
