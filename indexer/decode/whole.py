"""All of a picture's pixels, for what is cut out of it and kept; everything else looks at the working size."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from indexer.decode.geometry import turn_upright
from indexer.decode.kinds import damage, kind_of
from indexer.decode.limits import DEFAULT_LIMITS, DecodeLimits
from indexer.decode.profiles import to_srgb
from indexer.decode.quiet import quiet_pillow
from indexer.decode.still import load_still


def decode_whole(data: bytes, limits: DecodeLimits = DEFAULT_LIMITS) -> NDArray[np.uint8]:
    """The picture in a file's bytes, uint8 (height, width, 3), upright, in sRGB, no pixel resampled.

    Raises PictureError as `indexer.decode.decode` does.
    """
    limits.check_bytes(len(data))
    kind = kind_of(data)
    try:
        with quiet_pillow():
            still = load_still(data, kind, limits)
        return turn_upright(to_srgb(np.asarray(still.colours), still.profile), still.orientation)
    except Exception as error:  # hostile files reach every corner of the libraries, which raise what they like
        raise damage(kind, error) from None
