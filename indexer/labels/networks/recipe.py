"""How a network is trained on a label."""

from __future__ import annotations

from dataclasses import dataclass

from engine.errors import InputError


@dataclass(frozen=True)
class Recipe:
    """How a backbone learns a label.

    blocks: its last blocks that are trained with a dense head; 0 keeps it as it is and fits a head on what it gives
    (basic-cnn is always trained whole). head: of a frozen backbone, `linear` or `dense`. side: of the square it reads,
    0 for its own (VGG16 at 150 gives 8,192 features, at 224 25,088). copies: augmented copies of each training photo
    that the head of a frozen backbone sees too; trained blocks see a new one in every epoch. epochs: at most; patience:
    without a better validation loss. rate: of Adam, for the head; trained blocks of a backbone get a tenth.
    """

    blocks: int = 0
    head: str = "dense"
    side: int = 0
    copies: int = 0
    epochs: int = 30
    patience: int = 5
    rate: float = 5e-4
    batch: int = 32

    def __post_init__(self) -> None:
        if self.side and not 32 <= self.side <= 512:
            raise InputError(f"a backbone reads squares of 32 to 512 pixels, not {self.side}")
        if self.blocks < 0 or self.copies < 0 or min(self.epochs, self.patience, self.batch) < 1 or self.rate <= 0:
            raise InputError("blocks and copies are at least 0; epochs, patience, batch and rate above 0")
