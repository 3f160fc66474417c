"""Every command and every line of Python that the README shows is run, in order, as a newcomer would."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(page: Path, language: str) -> list[str]:
    """The fenced blocks of a language, in order."""
    return [text for name, text in FENCE.findall(page.read_text(encoding="utf-8")) if name == language]


def run(script: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run in `folder` with this environment's `houndstooth` and `python` first on the path."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {key: value for key, value in os.environ.items() if key != "HOUNDSTOOTH_CATALOG"}
    return subprocess.run(
        script, cwd=folder, env={**environment, "PATH": path}, capture_output=True, text=True, timeout=600, check=False
    )


@pytest.fixture(scope="module")
def tour(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the README's shell blocks were run, one after another, in one shell."""
    folder = tmp_path_factory.mktemp("readme")
    script = "set -euo pipefail\n" + "\n".join(blocks(ROOT / "README.md", "sh"))
    done = run(["bash", "-c", script], folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_the_readme_has_commands_to_run() -> None:
    text = "\n".join(blocks(ROOT / "README.md", "sh"))
    commands = {line.split()[1] for line in text.splitlines() if line.startswith("houndstooth ")}
    assert {"demo", "index", "similar", "cluster", "export", "info", "check", "remove"} <= commands


def test_the_readme_commands_run_and_write_what_they_say(tour: Path) -> None:
    text = "\n".join(blocks(ROOT / "README.md", "sh"))
    written = re.findall(r"(?:--to|--html) (\S+)", text)
    assert written
    for name in written:
        assert (tour / name).exists(), name


def test_the_readme_python_runs(tour: Path, tmp_path: Path) -> None:
    shutil.copytree(tour / "shop", tmp_path / "shop")
    for block in blocks(ROOT / "README.md", "python"):
        done = run([sys.executable, "-W", "error", "-c", block], tmp_path)
        assert done.returncode == 0, done.stderr
        assert done.stdout.strip()


def test_every_link_in_the_docs_leads_somewhere() -> None:
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
    for page in pages:
        for target in re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8")):
            if not target.startswith(("http://", "https://")):
                assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_the_docs_name_only_paths_that_exist() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    for name in re.findall(r"`((?:engine|indexer|houndstooth|tests|benchmarks|migrations|docs)/[\w./]*)`", page):
        assert (ROOT / name).exists(), name
