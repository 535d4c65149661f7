"""Helm itself: from the PATH, or installed once with Go into the user's cache."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.parts import require

VERSION = "v3.18.6"
CHART = Path(__file__).parents[2] / "helm" / "classpulse"
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "classpulse" / "bin"
KUBERNETES = "1.31.0"

Render = Callable[..., list[dict[str, Any]]]


@pytest.fixture(scope="session")
def helm() -> str:
    """The helm program."""
    found = shutil.which("helm") or shutil.which("helm", path=str(CACHE))
    if found is None:
        go = shutil.which("go")
        require("helm", go is not None, "helm is not installed, and neither is Go, which could install it")
        done = subprocess.run(
            [str(go), "install", f"helm.sh/helm/v3/cmd/helm@{VERSION}"],
            env={**os.environ, "GOBIN": str(CACHE), "GOFLAGS": "-mod=mod"},
            cwd=Path.home(),
            capture_output=True,
            text=True,
            check=False,
        )
        require("helm", done.returncode == 0, f"go could not install helm: {done.stderr[-300:]}")
        found = str(CACHE / "helm")
    return found


@pytest.fixture
def run_helm(helm: str) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs helm on our chart and returns what it said."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([helm, *arguments], capture_output=True, text=True, check=False, cwd=CHART)

    return run


@pytest.fixture
def render(run_helm: Callable[..., subprocess.CompletedProcess[str]]) -> Render:
    """Renders the chart with a values file of ci/ and further settings; returns the manifests."""

    def run(values: str = "minimal", *settings: str) -> list[dict[str, Any]]:
        sets = [part for setting in settings for part in ("--set", setting)]
        said = run_helm(
            "template", "classpulse", ".", "--kube-version", KUBERNETES, "--values", f"ci/{values}-values.yaml", *sets
        )
        assert said.returncode == 0, said.stderr
        assert not said.stderr, "Helm warns"
        return [document for document in yaml.safe_load_all(said.stdout) if document]

    return run
