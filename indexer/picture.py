"""A decoded picture: what every extractor sees."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Picture:
    """One region of a photo at the working size.

    rgb: uint8 (h, w, 3), sRGB, upright.
    mask: bool (h, w), True where the pixel belongs to the garment; None when the whole picture does.
    source_size: (width, height) in pixels of the photo this came from, upright.
    coarse: uint8 (h, w, 3), the same at the coarse size (`indexer.coarse.coarse_scale`), as libjpeg-turbo
    shows it; None of what is no JPEG. Read it through `indexer.coarse`.
    scene: uint8 (rows, columns), coarse, what each place of the picture shows, by its number in
    `indexer.garments.classes.CLASSES`; None where no finder said so.
    """

    rgb: NDArray[np.uint8]
    mask: NDArray[np.bool_] | None = None
    source_size: tuple[int, int] = (0, 0)
    scene: NDArray[np.uint8] | None = None
    coarse: NDArray[np.uint8] | None = None

    def __post_init__(self) -> None:
        if self.rgb.dtype != np.uint8 or self.rgb.ndim != 3 or self.rgb.shape[2] != 3 or self.rgb.size == 0:
            raise ValueError(f"rgb must be uint8 (h, w, 3) and not empty, got {self.rgb.dtype} {self.rgb.shape}")
        if self.mask is not None and (self.mask.dtype != np.bool_ or self.mask.shape != self.rgb.shape[:2]):
            raise ValueError(
                f"mask must be bool {self.rgb.shape[:2]} as the picture, got {self.mask.dtype} {self.mask.shape}"
            )

    def pixels(self) -> NDArray[np.uint8]:
        """The garment's pixels, uint8 (n, 3), n >= 1: all of them when there is no mask or the mask is empty."""
        if self.mask is None or not self.mask.any():
            return self.rgb.reshape(-1, 3)
        return self.rgb[self.mask]
