"""Signals after networks were closed: a process that lets go of its spaces can still be interrupted."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

SIGNALLED = """
import os, signal
import numpy as np
from indexer.runtime.network import Convolution, GlobalAverage, Network
from indexer.runtime.openvino_runtime import OpenVinoRuntime

def opened():
    weight = np.ones((4, 3, 3, 3), np.float32)
    layers = (Convolution(weight, np.zeros(4, np.float32)), GlobalAverage())
    return OpenVinoRuntime(Network(16, (0.0, 0.0, 0.0), (1.0, 1.0, 1.0), layers))

first, second = opened(), opened()
del first
del second
signal.signal(signal.SIGUSR1, lambda *given: print("heard"))
os.kill(os.getpid(), signal.SIGUSR1)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGUSR1"), reason="sends a POSIX signal")
def test_a_signal_is_heard_after_networks_are_closed() -> None:
    command = [sys.executable, "-X", "faulthandler", "-c", SIGNALLED]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "heard\n"), done.stderr
