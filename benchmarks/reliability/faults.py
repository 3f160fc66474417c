"""A disk that fails on demand: `faults.c`, compiled, preloaded into a process, and armed in it or in a child of it."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys
import tempfile
from enum import IntEnum
from pathlib import Path
from typing import Any, NoReturn

SOURCE = Path(__file__).with_name("faults.c")
_ARMED = "HOUNDSTOOTH_FAULTS"


class Fault(IntEnum):
    """What happens at the n-th call that changes a file. See `faults.c`, which counts them in this order."""

    COUNT = 0
    """Nothing."""
    KILL = 1
    """SIGKILL before the call."""
    TORN = 2
    """SIGKILL after it, and a write is done by half."""
    FAIL_ONCE = 3
    """The call fails; those after it work."""
    FAIL_ON = 4
    """The call fails, and all after it."""
    SHORT = 5
    """A write is done by half, and says so, as a signal or a nearly full disk may have it."""
    FULL = 6
    """From this call on nothing can be written or made; syncing, renaming and deleting go on."""


def compiler() -> str | None:
    """A C compiler, or None."""
    return shutil.which("cc") or shutil.which("gcc")


def with_faults() -> None:
    """Go on in a process into which `faults.c` is preloaded: this one, or another in its place."""
    if os.environ.get(_ARMED):
        return
    if sys.platform != "linux" or compiler() is None:
        raise SystemExit("a failing disk is played by a preloaded library: that needs Linux and a C compiler (cc)")
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder) / "faults.so"
        build = [str(compiler()), "-shared", "-fPIC", "-O1", "-o", str(library), str(SOURCE), "-ldl"]
        subprocess.run(build, check=True)
        environment = {**os.environ, "LD_PRELOAD": str(library), _ARMED: "1", "OMP_NUM_THREADS": "1"}
        _leave(subprocess.run([sys.executable, *sys.argv], env=environment, check=False).returncode)


def _leave(code: int) -> NoReturn:
    sys.exit(code)


def _library() -> Any:
    library = ctypes.CDLL(None)
    library.faults_calls.restype = library.faults_hits.restype = ctypes.c_long
    return library


def arm(root: Path, at: int, fault: Fault, errno: int = 0) -> None:
    """From now on count this process's calls that change files below `root`; the fault happens at the n-th (from 1)."""
    _library().faults_arm(os.fsencode(root), ctypes.c_long(at), int(fault), errno)


def disarm() -> None:
    """Let everything pass again."""
    _library().faults_disarm()


def calls() -> int:
    """Calls counted since the arming."""
    return int(_library().faults_calls())


def hits() -> int:
    """Calls that the fault met."""
    return int(_library().faults_hits())
