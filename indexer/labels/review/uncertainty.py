"""How unsure a model is of each photo, from its chances alone."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

Measure = Literal["margin", "entropy"]


def uncertainty(
    chances: NDArray[np.float32], measure: Measure = "margin", several: bool = False
) -> NDArray[np.float64]:
    """Float64 (n,) in [0, 1] from chances float32 (n, c): 0 where the model is sure, 1 where it cannot tell at all.

    margin: one minus the gap between the two likeliest classes (Scheffer, Decomain and Wrobel 2001). entropy:
    Shannon's, over its largest value, ln c. A single column (c = 1) is read as the chance of yes. several: labels are
    independent, each a yes or no, and a photo is as unsure as its least sure label.
    """
    given = np.clip(np.asarray(chances, np.float64), 0, 1)
    if several or given.shape[1] == 1:
        return np.asarray(_of_yes(given, measure).max(axis=1))
    if measure == "entropy":
        return np.asarray(_entropy(given) / np.log(given.shape[1]))
    top = np.partition(given, -2, axis=1)[:, -2:]
    return np.asarray(1 - (top[:, 1] - top[:, 0]))


def _of_yes(chance: NDArray[np.float64], measure: Measure) -> NDArray[np.float64]:
    if measure == "margin":
        return np.asarray(1 - np.abs(2 * chance - 1))
    return np.asarray(_entropy(np.stack([chance, 1 - chance], axis=-1)) / np.log(2))


def _entropy(chances: NDArray[np.float64]) -> NDArray[np.float64]:
    logs = np.log(chances, where=chances > 0, out=np.zeros_like(chances))
    return np.asarray(-(chances * logs).sum(axis=-1))
