"""Teaches Mask R-CNN a COCO file of garment instances, such as ModaNet's.

    python -m indexer.garments.maskrcnn_training --coco instances.json --photos folder --to maskrcnn.safetensors

Needs the extra [train]. A fifth of the groups (users or posts, where the images say so, else images) is never learned
from: `python -m indexer.garments.maskrcnn_evaluation` reports on it. Ctrl-C leaves a checkpoint beside the weights;
`--resume` goes on from it, to the same weights as without the stop (on a CPU).
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from engine.errors import HoundstoothError, InputError, MissingDependencyError
from indexer.coco import CocoDataset, read_coco
from indexer.garments.instances.description import Description

SIZES: Final = {
    "small": {"short_side": 256, "long_side": 384, "finest": 8, "channels": 128, "mask_layers": 3, "units": 512},
    "full": {"short_side": 480, "long_side": 720, "finest": 4, "channels": 256, "mask_layers": 4, "units": 1024},
}
"""small: for a CPU; full: what the paper uses, at Houndstooth's working size."""


_TOLD = 10  # lines of one kind, then how many more there are


@dataclass(frozen=True)
class Asked:
    """What to train; see the command's help."""

    coco: Path
    photos: Path
    to: Path
    backbone: str = "efficientnet_lite0"
    pretrained: bool = True
    size: str = "full"
    epochs: int = 12
    batch: int = 4
    rate: float = 4e-4
    seed: int = 0
    kinds: tuple[tuple[str, str], ...] = ()
    device: str = "auto"
    threads: int | None = None
    resume: bool = False

    @property
    def checkpoint(self) -> Path:
        """Beside the weights."""
        return self.to.with_name(self.to.name + ".checkpoint")


def main() -> None:
    """Read the command line, train, write the weights."""
    try:
        train(_asked())
    except HoundstoothError as error:
        raise SystemExit(f"{error}") from None
    except KeyboardInterrupt:
        raise SystemExit("stopped; --resume goes on from the checkpoint") from None


def train(asked: Asked) -> None:
    """Train as asked and write the weights, with lines of progress on stderr.

    Raises InputError for a data set that cannot be learned from, MissingDependencyError without torch and torchvision.
    """
    dataset = read_coco(asked.coco)
    try:
        import torch

        from indexer.garments.instances.network import build, device_of, save
        from indexer.garments.instances.samples import classes_of, open_source, parts
        from indexer.garments.instances.training import Plan, Trainer
    except ImportError as error:
        raise MissingDependencyError(f"{error.name} is not installed: pip install 'houndstooth[train]'") from error
    if asked.threads is not None:
        torch.set_num_threads(asked.threads)
    kinds = classes_of(dataset, dict(asked.kinds))
    told = Description(tuple(kinds), tuple(kinds.values()), asked.backbone, **SIZES[asked.size])
    learned, held = parts(dataset)
    source = open_source(dataset, asked.photos, told, learned)
    torch.manual_seed(asked.seed)
    network = build(told, asked.pretrained).to(memory_format=torch.channels_last)
    plan = Plan(asked.epochs, asked.batch, asked.rate, asked.seed)
    asked.to.parent.mkdir(parents=True, exist_ok=True)
    trainer = Trainer(network, source, plan, device_of(asked.device), asked.checkpoint)
    if asked.resume and asked.checkpoint.exists():
        trainer.resume()
    _tell_data(dataset, asked.photos, len(source.images), len(held))
    trainer.run(report=lambda step, loss: _tell(f"step {step} of {trainer.steps}: loss {loss:.3f}"))
    for file, reason in trainer.skipped.items():
        _tell(f"skipped {file}: {reason}")
    save(trainer.network, told, asked.to)
    _tell(f"wrote {asked.to}")


def _tell_data(dataset: CocoDataset, photos: Path, learned: int, held: int) -> None:
    missing = dataset.missing(photos)
    _tell(f"{learned} photos to learn from, {held} held out, {len(missing)} missing")
    _tell_some([f"missing: {image.file}" for image in missing])
    _tell_some([f"left out: {line}" for line in dataset.left_out])


def _tell_some(lines: list[str]) -> None:
    for line in lines[:_TOLD]:
        _tell(line)
    if len(lines) > _TOLD:
        _tell(f"and {len(lines) - _TOLD} more")


def _tell(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


def _asked() -> Asked:
    parser = argparse.ArgumentParser(prog="python -m indexer.garments.maskrcnn_training", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--coco", type=Path, required=True, help="COCO JSON of instances")
    parser.add_argument("--photos", type=Path, required=True, help="folder that its file names lie in")
    parser.add_argument("--to", type=Path, required=True, help="the weights to write (.safetensors)")
    parser.add_argument("--backbone", default="efficientnet_lite0", help="or torchvision's: resnet50, ...")
    parser.add_argument("--backbone-weights", choices=("imagenet", "none"), default="imagenet")
    parser.add_argument("--size", choices=tuple(SIZES), default="full", help="small: pictures of 256 x 384, for a CPU")
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--batch", type=int, default=4, help="photos a step")
    parser.add_argument("--rate", type=float, default=4e-4, help="the highest learning rate")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kind", action="append", default=[], metavar="NAME=KIND", help="of a class, or NAME=none")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--threads", type=int, help="of torch on a CPU")
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoint")
    told = parser.parse_args()
    kinds = tuple(_pair(text) for text in told.kind)
    return Asked(
        told.coco, told.photos, told.to, told.backbone, told.backbone_weights == "imagenet", told.size, told.epochs,
        told.batch, told.rate, told.seed, kinds, told.device, told.threads, told.resume,
    )  # fmt: skip


def _pair(text: str) -> tuple[str, str]:
    name, equals, kind = text.rpartition("=")
    if not (name and equals):
        raise InputError(f"--kind is NAME=KIND, not {text!r}")
    return name, kind


if __name__ == "__main__":
    main()
