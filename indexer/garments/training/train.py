"""Fine-tunes the network, keeps an average of its weights, and can be stopped and resumed at any step."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader

from indexer.garments.classes import CLASSES
from indexer.garments.network import SIZE
from indexer.garments.training.cache import IGNORE, Photos
from indexer.garments.training.depthwise import quicken
from indexer.garments.training.model import build_model, freeze, logits_at_stride_4
from indexer.garments.training.samples import CLOSER, EASY, EVEN, FLAT, HARD, Mixture, Samples

BATCH = 16
SIZES = ((256, 192), (320, 240), SIZE)
"""Rows and columns of the stages; the last is what the network reads when it is used."""
FIRST_STAGE = 0.6
"""Share of the first cycle's steps spent at the smallest size; the second cycle is spent at the largest."""
AGAIN, SETTLE, FINISH, FIGURES = 0.5, 0.25, 0.2, 0.3
"""Peak rates of the second to the fifth cycle and those after it, of the first's."""
DECODER_RATE, ENCODER_RATE, DECAY = 2e-3, 5e-4, 1e-2
WARM_UP = 100
AVERAGE = 0.995
"""Decay of the moving average of the weights; the average is what is evaluated and shipped."""


@dataclass(frozen=True)
class Plan:
    """steps, again, settle, finish: of BATCH pictures, in the first four cycles of the learning rate.

    The second has harder street photos; the third mixes all that was seen more evenly; the fourth has more flat
    garments, more often before other grounds. figures: of the cycles after them, which show nothing but people as
    closer looks do. check: steps between looks at the validation photos and checkpoints. depthwise: whether the
    encoder's depthwise kernels learn too.
    """

    steps: int
    again: int
    settle: int
    finish: int
    seed: int
    check: int = 200
    depthwise: bool = False
    figures: tuple[int, ...] = ()

    @property
    def last(self) -> int:
        """Steps in all."""
        return sum(length for length, _ in self._cycles())

    def stages(self) -> list[tuple[tuple[int, int], Mixture, int]]:
        """Size of the pictures, what they are, and the step up to which that holds."""
        ends = [int(self.steps * FIRST_STAGE), *accumulate(length for length, _ in self._cycles())]
        mixtures = (EASY, EASY, HARD, EVEN, FLAT, *(CLOSER for _ in self.figures))
        return list(zip((*SIZES, *SIZES[-1:] * (len(ends) - len(SIZES))), mixtures, ends, strict=True))

    def factor(self, step: int) -> float:
        """Of the learning rate: warmed up and then falling as a cosine, in each cycle."""
        start = 0
        for length, peak in self._cycles():
            if step < start + length:
                warm = min(1.0, (step - start + 1) / WARM_UP)
                return peak * warm * (0.5 + 0.5 * math.cos(math.pi * (step - start) / length)) + 0.005
            start += length
        return 0.005

    def _cycles(self) -> tuple[tuple[int, float], ...]:
        """Steps and peak rate of each."""
        further = ((length, FIGURES) for length in self.figures)
        return ((self.steps, 1.0), (self.again, AGAIN), (self.settle, SETTLE), (self.finish, FINISH), *further)


class Trainer:
    """The state of a training: network, its average, optimiser, step. `save` and `resume` keep it whole."""

    def __init__(
        self,
        plan: Plan,
        photos: dict[str, Photos],
        validation: dict[str, Photos],
        checkpoint: Path,
        tell: Callable[[str], None],
    ) -> None:
        torch.manual_seed(plan.seed)
        self._tell = tell
        self.plan, self.photos, self.validation, self.checkpoint = plan, photos, validation, checkpoint
        self.model, self.average = build_model(), build_model()
        self.average.load_state_dict(self.model.state_dict())
        freeze(self.model, depthwise=not plan.depthwise)
        quicken(self.model)
        self.model.to(memory_format=torch.channels_last)
        parameters = [(name, p) for name, p in self.model.named_parameters() if p.requires_grad]
        encoder = [p for name, p in parameters if name.startswith("encoder")]
        rest = [p for name, p in parameters if not name.startswith("encoder")]
        groups = [{"params": encoder, "lr": ENCODER_RATE}, {"params": rest, "lr": DECODER_RATE}]
        self.optimiser = torch.optim.AdamW(groups, weight_decay=DECAY)
        self.rates = (ENCODER_RATE, DECODER_RATE)
        self.weights = class_weights(photos["street"])
        self.step = 0
        self.curve: list[dict[str, Any]] = []

    def save(self) -> None:
        """Writes the checkpoint, whole or not at all."""
        state = {
            "model": self.model.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "step": self.step,
            "curve": self.curve,
        }
        half = self.checkpoint.with_suffix(".part")
        torch.save(state, half)
        half.rename(self.checkpoint)

    def resume(self) -> None:
        """Takes the checkpoint's state over."""
        state = torch.load(self.checkpoint, weights_only=True)
        self.model.load_state_dict(state["model"])
        self.average.load_state_dict(state["average"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.step, self.curve = state["step"], state["curve"]

    def run(self) -> None:
        """Trains from the current step to the last; saves at every check, and when interrupted."""
        try:
            for size, mixture, end in self.plan.stages():
                if self.step < end:
                    self._stage(size, mixture, end)
        finally:
            self.save()

    def _stage(self, size: tuple[int, int], mixture: Mixture, end: int) -> None:
        count = (end - self.step) * BATCH
        samples = Samples(self.photos, self.plan.seed, size, self.step * BATCH, count, mixture)
        started, losses = time.monotonic(), []
        for pictures, labels in DataLoader(samples, BATCH, num_workers=1, prefetch_factor=4):
            losses.append(self._learn(pictures, labels))
            self.step += 1
            if self.step % 25 == 0:
                speed = len(losses) * BATCH / (time.monotonic() - started)
                self._tell(f"step {self.step}/{self.plan.last} loss {np.mean(losses):.4f} {speed:.1f} photos/s")
                started, losses = time.monotonic(), []
            if self.step % self.plan.check == 0 or self.step == self.plan.last:
                self._look()
                started, losses = time.monotonic(), []

    def _learn(self, pictures: Tensor, labels: Tensor) -> float:
        factor = self.plan.factor(self.step)
        for group, rate in zip(self.optimiser.param_groups, self.rates, strict=True):
            group["lr"] = rate * factor
        self.model.train()
        with torch.autocast("cpu", torch.bfloat16):
            logits = logits_at_stride_4(self.model, ready(pictures))
        loss = segmentation_loss(logits.float(), labels.long(), self.weights)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_([p for group in self.optimiser.param_groups for p in group["params"]], 5.0)
        self.optimiser.step()
        keep = min(AVERAGE, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            for mean, now in zip(self.average.state_dict().values(), self.model.state_dict().values(), strict=True):
                if mean.is_floating_point():
                    mean.lerp_(now, 1 - keep)
                else:
                    mean.copy_(now)
        return float(loss.detach())

    def _look(self) -> None:
        found: dict[str, Any] = {"step": self.step}
        for source, photos in self.validation.items():
            matrix = confusion(self.average, photos)
            shares = intersection_over_union(matrix)
            seen = matrix.sum(1) > 0
            found[source] = {
                "mIoU": round(float(shares[seen].mean()), 4),
                "foreground": round(foreground(matrix), 4),
                "classes": {name: round(float(v), 3) for name, v in zip(CLASSES, shares, strict=True)},
            }
        self.curve.append(found)
        self._tell(json.dumps(found))
        self.save()
        self.checkpoint.with_suffix(".curve.json").write_text(json.dumps(self.curve, indent=1))


def ready(pictures: Tensor) -> Tensor:
    """Pictures (n, 3, h, w) as the network wants them."""
    return ((pictures.float() - 127) / 128).contiguous(memory_format=torch.channels_last)


def segmentation_loss(logits: Tensor, labels: Tensor, weights: Tensor) -> Tensor:
    """Weighted cross-entropy plus soft Dice over the classes that occur, at the labels' resolution."""
    logits = functional.interpolate(logits, size=labels.shape[1:], mode="bilinear", align_corners=False)
    entropy = functional.cross_entropy(logits, labels, weights, ignore_index=IGNORE)
    counted = labels != IGNORE
    chances = logits.softmax(1) * counted[:, None]
    truth = functional.one_hot(torch.where(counted, labels, 0), len(CLASSES)).permute(0, 3, 1, 2) * counted[:, None]
    both, sizes = (chances * truth).sum((0, 2, 3)), (chances + truth).sum((0, 2, 3))
    present = truth.sum((0, 2, 3)) > 0
    dice = 1 - (2 * both[present] + 1) / (sizes[present] + 1)
    return entropy + 0.5 * dice.mean()


def class_weights(street: Photos) -> Tensor:
    """Square root of the median frequency over the class's, at most 2.5, at least 0.5."""
    counts = np.bincount(np.asarray(street.labels[:, ::4, ::4]).ravel(), minlength=256)[: len(CLASSES)].astype(float)
    ratio = np.sqrt(np.median(counts) / np.maximum(counts, 1))
    return torch.tensor(np.clip(ratio, 0.5, 2.5), dtype=torch.float32)


def confusion(model: nn.Module, photos: Photos) -> NDArray[np.int64]:
    """Pixels by true class (rows) and found class (columns), at the cached size."""
    model.eval()
    total = np.zeros((len(CLASSES), len(CLASSES)), np.int64)
    for start in range(0, len(photos), 8):
        rgb = torch.from_numpy(np.array(photos.rgb[start : start + 8])).permute(0, 3, 1, 2).float()
        labels = np.asarray(photos.labels[start : start + 8])
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
            small = functional.interpolate(rgb, size=SIZES[-1], mode="bilinear", antialias=True)
            logits = logits_at_stride_4(model, ready(small))
        sized = functional.interpolate(logits.float(), size=labels.shape[1:], mode="bilinear")
        winners, known = sized.argmax(1).numpy(), labels != IGNORE
        pairs = labels[known].astype(np.int64) * len(CLASSES) + winners[known]
        total += np.bincount(pairs, minlength=total.size).reshape(total.shape)
    return total


def intersection_over_union(matrix: NDArray[np.int64]) -> NDArray[np.float64]:
    """IoU by class; 0 where a class is neither true nor found."""
    both = np.diag(matrix).astype(float)
    shares: NDArray[np.float64] = both / np.maximum(matrix.sum(0) + matrix.sum(1) - both, 1)
    return shares


def foreground(matrix: NDArray[np.int64]) -> float:
    """IoU of all garments together against background and person."""
    both = matrix[2:, 2:].sum()
    return float(both / max(matrix[2:].sum() + matrix[:, 2:].sum() - both, 1))
