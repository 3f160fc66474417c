"""The network of the `kind` space as plain data: what both runtimes build."""

from __future__ import annotations

from indexer.kinds.view import SIDE
from indexer.runtime.lite0 import MEAN, SCALE, Arrays, layers
from indexer.runtime.network import GlobalAverage, Network


def kind_network(weights: Arrays) -> Network:
    """EfficientNet-Lite0 up to its last block: pictures (SIDE, SIDE, 3) to the mean of 320 maps, not of unit length."""
    return Network(SIDE, (MEAN,) * 3, (SCALE,) * 3, (*layers(weights), GlobalAverage()))
