"""What a network of instances is, as kept in the metadata of its weights."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Final

from engine.errors import InputError
from indexer.garments.classes import GARMENTS

FORMAT: Final = "houndstooth-maskrcnn-1"


@dataclass(frozen=True)
class Description:
    """Everything that must be known to build a network and to read what it says.

    classes: names, of the labels 1, 2, ...; kinds: of each class, one of GARMENTS. backbone: "efficientnet_lite0", or
    torchvision's name of a network. short_side, long_side: pictures are brought to that short side in pixels, unless
    the long one would be longer than long_side. finest: stride in pixels of the finest features, 4 or 8. channels: of
    the feature pyramid and the mask head. mask_layers: convolutions of the mask head. units: of the box head.
    """

    classes: tuple[str, ...]
    kinds: tuple[str, ...]
    backbone: str = "efficientnet_lite0"
    short_side: int = 480
    long_side: int = 720
    finest: int = 4
    channels: int = 256
    mask_layers: int = 4
    units: int = 1024

    def __post_init__(self) -> None:
        if not self.classes or len(self.kinds) != len(self.classes) or not set(self.kinds) <= set(GARMENTS):
            raise InputError(f"every class needs one kind of {', '.join(GARMENTS)}")
        if self.finest not in (4, 8):
            raise InputError(f"the finest features are at a stride of 4 or 8 pixels, not {self.finest}")
        if not 32 <= self.short_side <= self.long_side:
            raise InputError(f"pictures are 32 pixels or more a side, not {self.short_side} x {self.long_side}")
        if min(self.channels, self.mask_layers, self.units) < 1:
            raise InputError("channels, mask_layers and units are 1 or more")

    def metadata(self) -> dict[str, str]:
        """As texts, for the header of a safetensors file."""
        return {"format": FORMAT, "network": json.dumps(asdict(self))}


def described(metadata: Mapping[str, str]) -> Description:
    """The reverse of `Description.metadata`. Raises InputError for metadata of anything else."""
    if metadata.get("format") != FORMAT:
        raise InputError(
            f"not weights of a Mask R-CNN of this version ({FORMAT}): train one with "
            "`python -m indexer.garments.maskrcnn_training`"
        )
    try:
        told = json.loads(metadata["network"])
        known = {field.name for field in fields(Description)}
        values: dict[str, Any] = {
            name: tuple(v) if isinstance(v, list) else v for name, v in told.items() if name in known
        }
        return Description(**values)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(f"the description of the network is damaged: {error}") from error
