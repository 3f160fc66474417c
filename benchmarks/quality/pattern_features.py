"""Ways to describe cloth that the pattern space is measured against."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from indexer.patches.patches import find_patches
from indexer.patterns.network import SIDE, heard_network, imagenet
from indexer.patterns.squares import PATCHES, squares
from indexer.picture import Picture
from indexer.runtime.base import open_runtime
from indexer.runtime.network import GlobalAverage, Layer, Network
from indexer.spaces.colour import Colour
from indexer.spaces.palette import Palette
from indexer.spaces.pattern import SHIPPED, Pattern
from indexer.spaces.vgg import SHIPPED as VGG_WEIGHTS
from indexer.spaces.vgg import Vgg
from indexer.vgg.weights import load_weights, vgg16

Describer = Callable[[Sequence[Picture]], NDArray[np.float32]]
"""n pictures -> float32 (n, d), any length."""


def describers() -> dict[str, Describer]:
    """Every way by its name."""
    ways: dict[str, Describer] = {
        "colour histogram": Colour().extract,
        "palette": Palette().extract,
        "vgg space": Vgg().extract,
    }
    layers = vgg16(load_weights(VGG_WEIGHTS / "vgg16.safetensors"))
    for title, pools in (("block 3", 3), ("block 4", 4), ("block 5", 5)):
        ways[f"VGG16 {title} average"] = of_squares(_Vgg(layers, pools).averages)
    for title, pools in (("block 2", 2), ("block 3", 3)):
        ways[f"VGG16 {title} Gram"] = of_squares(_Vgg(layers, pools).grams)
    ways["EfficientNet-Lite0 frozen 5 depths"] = of_squares(_taps)
    ways["EfficientNet-Lite0 frozen last"] = of_squares(lambda batch: _taps(batch)[:, -1152:])
    if SHIPPED.is_file():
        ways["pattern space"] = _pattern
    return ways


def _pattern(pictures: Sequence[Picture]) -> NDArray[np.float32]:
    """The space's vectors; a picture that it refuses has none: zeros, near nothing."""
    space = Pattern()
    told = space.refuse(pictures)
    rows = np.zeros((len(pictures), space.dim), np.float32)
    taken = [place for place, reason in enumerate(told) if reason is None]
    rows[taken] = space.extract([pictures[place] for place in taken])
    return rows


def of_squares(describe: Callable[[NDArray[np.uint8]], NDArray[np.float32]]) -> Describer:
    """The mean of what is said of a picture's squares, the same ones that the pattern space looks at."""

    def way(pictures: Sequence[Picture]) -> NDArray[np.float32]:
        cut = [squares(p.rgb, find_patches(p.rgb, p.mask, most=PATCHES)) for p in pictures]
        count = [len(several) for several in cut]
        found = unit(describe(np.stack([square for several in cut for square in several])))
        rows = np.zeros((len(pictures), found.shape[1]), np.float32)
        np.add.at(rows, np.repeat(np.arange(len(pictures)), count), found)
        return rows

    return way


def unit(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Rows at unit length; zeros stay."""
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12), np.float32)


def _taps(batch: NDArray[np.uint8]) -> NDArray[np.float32]:
    """ImageNet's EfficientNet-Lite0 at the depths that the pattern network hears, each at unit length."""
    found = _in_parts(heard_network(imagenet()), batch)
    ends = np.cumsum([144, 240, 480, 672])
    return np.concatenate([unit(part) for part in np.split(found, ends, axis=1)], 1)


class _Vgg:
    """VGG16 up to one of its poolings."""

    def __init__(self, whole: Network, pools: int) -> None:
        self._mean, self._scale = whole.mean, whole.scale
        ends = [place for place, layer in enumerate(whole.layers) if type(layer).__name__ == "MaxPool"]
        self._layers = whole.layers[: ends[pools - 1]]
        self._channels = (64, 128, 256, 512, 512)[pools - 1]

    def averages(self, batch: NDArray[np.uint8]) -> NDArray[np.float32]:
        """The mean of each channel."""
        return _in_parts(self._network(GlobalAverage()), batch)

    def grams(self, batch: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Mean products of pairs of channels (Gatys, Ecker and Bethge, 2015), square roots taken, upper triangle."""
        pairs = np.triu_indices(self._channels)
        rows = []
        runtime = open_runtime(self._network(), "cpu")
        for start in range(0, len(batch), 64):
            maps = runtime(batch[start : start + 64]).reshape(min(64, len(batch) - start), self._channels, -1)
            gram = np.einsum("ncp,ndp->ncd", maps, maps) / maps.shape[2]
            rows.append(np.sqrt(np.maximum(gram[:, pairs[0], pairs[1]], 0)))
        return np.concatenate(rows)

    def _network(self, *after: Layer) -> Network:
        return Network(SIDE, self._mean, self._scale, (*self._layers, *after))


def _in_parts(network: Network, batch: NDArray[np.uint8]) -> NDArray[np.float32]:
    runtime = open_runtime(network, "cpu")
    return np.concatenate([runtime(batch[start : start + 256]) for start in range(0, len(batch), 256)])
