"""Confidences that hold: the temperature and the say of how common a pattern is, that make names as sure as right."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from indexer.patterns.network import pattern_network
from indexer.patterns.validate import Watched
from indexer.patterns.weights import PatternWeights
from indexer.runtime.base import open_runtime

TEMPERATURES = np.exp(np.linspace(np.log(0.2), np.log(8), 40))
SAYS = np.linspace(0, 2, 21)


def calibrated(weights: PatternWeights, watched: Watched, common: NDArray[np.float64]) -> tuple[PatternWeights, float]:
    """The weights with the scores of their families adjusted on validation garments, and the score of their vectors.

    common: how many photographed garments of each family were learned from, (families,). Training shows each as often
    as another, and shops do not: plain cloth is common. So scores are divided by a temperature (Guo et al., "On
    calibration of modern neural networks", 2017), and the logarithm of a family's share, times its say, is added
    (Saerens, Latinne and Decaestecker, "Adjusting the outputs of a classifier to new a priori probabilities", 2002):
    the two numbers that make what was seen on the validation garments by eye most likely.

    The network runs as it will when it is used, in the precision of this machine.
    """
    found = open_runtime(pattern_network(weights.network))(watched.squares)
    found = np.asarray(found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-12), np.float32)
    score = watched.score(found)
    known = np.isin(watched.pattern, weights.families)
    if not known.any():
        return weights, score
    place = {name: number for number, name in enumerate(weights.families)}
    of = np.array([place[str(name)] for name in watched.pattern[known]])
    vectors = watched.means(found)[known]
    scores = vectors @ weights.family_weight.T + weights.family_bias
    share = np.log((common + 1) / (common + 1).sum())
    _, t, say = min((_unlikely(scores / t + say * share, of), t, say) for t in TEMPERATURES for say in SAYS)
    scaled = replace(
        weights,
        family_weight=(weights.family_weight / t).astype(np.float32),
        family_bias=(weights.family_bias / t + say * share).astype(np.float32),
    )
    return scaled, score


def _unlikely(scores: NDArray[np.floating], of: NDArray[np.int64]) -> float:
    """Mean negative log-likelihood."""
    shifted = scores - scores.max(1, keepdims=True)
    return float((np.log(np.exp(shifted).sum(1)) - shifted[np.arange(len(of)), of]).mean())
