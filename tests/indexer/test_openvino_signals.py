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

TOGETHER = """
import threading, time
import openvino
from indexer.runtime import openvino_runtime

made, real, ready = [], openvino.Core, threading.Barrier(8)

def slow():
    made.append(threading.current_thread().name)
    time.sleep(0.2)
    return real()

def ask(number):
    ready.wait()
    found[number] = openvino_runtime._core() if number % 2 else openvino_runtime.exact_in_eight_bits()

openvino.Core, found = slow, {}
threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(len(made), len({id(found[number]) for number in (1, 3, 5, 7)}), len({found[number] for number in (0, 2, 4, 6)}))
"""


def test_threads_that_open_networks_together_share_one_core() -> None:
    done = subprocess.run([sys.executable, "-c", TOGETHER], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "1 1 1\n"), done.stderr


@pytest.mark.skipif(not hasattr(signal, "SIGUSR1"), reason="sends a POSIX signal")
def test_a_signal_is_heard_after_networks_are_closed() -> None:
    command = [sys.executable, "-X", "faulthandler", "-c", SIGNALLED]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "heard\n"), done.stderr
