"""Fine-tunes the network, keeps an average of its weights, and can be stopped and resumed at any check."""

from __future__ import annotations

import copy
import json
import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset

from indexer.kinds.categories import CATEGORIES
from indexer.kinds.training.augment import augmented
from indexer.kinds.training.cache import Views
from indexer.kinds.training.model import Kinds
from indexer.kinds.view import SIDE
from indexer.runtime.lite0 import imagenet

BATCH = 32
STAGES = ((0.55, 160), (0.85, 192), (1.0, SIDE))
"""Up to which share of the steps, which side: small pictures teach faster (Touvron et al., "Fixing the train-test
resolution discrepancy", 2019)."""
FROZEN = 3
"""Blocks before this one stay as ImageNet made them: their gradients are most of a step's time on a CPU."""
RATE, SCORES_RATE, DECAY = 5e-4, 3e-3, 2e-2
FALL = 0.9
"""The rate of each block, of the next one's: what is near the picture is changed less."""
WARM_UP, AVERAGE = 60, 0.997
"""Steps; and decay of the moving average of the weights, which is what is evaluated and shipped."""
SMOOTH, MIXED, DROP = 0.1, 0.2, 0.15
"""Label smoothing, parameter of mixup's beta distribution (Zhang et al., ICLR 2018), most of stochastic depth."""


@dataclass(frozen=True)
class Plan:
    """steps: of BATCH pictures. check: steps between looks at the validation photos and checkpoints."""

    steps: int
    seed: int
    check: int = 100

    def side(self, step: int) -> int:
        """Rows and columns of the pictures at a step."""
        return next(side for share, side in STAGES if step < share * self.steps or share == 1.0)

    def factor(self, step: int) -> float:
        """Of the learning rates: warmed up, then falling as half a cosine."""
        return min(1.0, (step + 1) / WARM_UP) * (0.5 + 0.5 * math.cos(math.pi * step / self.steps)) + 0.003


class Samples(Dataset[tuple[Tensor, Tensor]]):  # type: ignore[misc]  # torch is optional
    """Batches by step: (uint8 (BATCH, 3, side, side), categories (BATCH,)), the same in every run of one seed.

    Every photo comes once before any comes again.
    """

    def __init__(self, views: Views, plan: Plan, first: int) -> None:
        self._views, self._plan, self._first = views, plan, first

    def __len__(self) -> int:
        return self._plan.steps - self._first

    def __getitem__(self, number: int) -> tuple[Tensor, Tensor]:
        step, count = self._first + number, len(self._views)
        side = self._plan.side(step)
        pictures, rows = [], []
        for place in range(step * BATCH, (step + 1) * BATCH):
            order = np.random.default_rng([self._plan.seed, 21, place // count]).permutation(count)
            rows.append(int(order[place % count]))
            rng = np.random.default_rng([self._plan.seed, 22, place])
            pictures.append(augmented(self._views, rows[-1], side, rng).transpose(2, 0, 1))
        return torch.from_numpy(np.stack(pictures)), torch.from_numpy(self._views.category[rows])


class Trainer:
    """The state of a training: network, its average, optimiser, step. `save` and `resume` keep it whole."""

    def __init__(self, plan: Plan, views: Views, watched: Views, checkpoint: Path, tell: Callable[[str], None]) -> None:
        torch.manual_seed(plan.seed)
        self.plan, self.views, self.watched, self.checkpoint = plan, views, watched, checkpoint
        self._tell = tell
        self.model = Kinds(imagenet(), len(CATEGORIES))
        self.average = copy.deepcopy(self.model)
        self.optimiser, self._rates = _optimiser(self.model)
        self.step = 0
        self.curve: list[dict[str, Any]] = []

    def save(self) -> None:
        """Writes the checkpoint, whole or not at all."""
        state = {
            "plan": asdict(self.plan), "model": self.model.state_dict(), "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(), "step": self.step, "curve": self.curve,
        }  # fmt: skip
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
        samples = Samples(self.views, self.plan, self.step)
        loader = DataLoader(samples, batch_size=None, num_workers=1, prefetch_factor=4)
        losses, began = [], time.monotonic()
        try:
            for pictures, categories in loader:
                losses.append(self._learn(pictures, categories))
                self.step += 1
                if self.step % self.plan.check == 0 or self.step == self.plan.steps:
                    self._look(float(np.mean(losses)), (time.monotonic() - began) / len(losses))
                    losses, began = [], time.monotonic()
        finally:
            self.save()

    def _learn(self, pictures: Tensor, categories: Tensor) -> float:
        for group, rate in zip(self.optimiser.param_groups, self._rates, strict=True):
            group["lr"] = rate * self.plan.factor(self.step)
        torch.manual_seed(self.plan.seed * 1_000_003 + self.step)  # stochastic depth, the same when resumed
        rng = np.random.default_rng([self.plan.seed, 23, self.step])
        share = float(rng.beta(MIXED, MIXED))
        mixed = pictures.float() * share + pictures.float().flip(0) * (1 - share)
        self.model.train()
        with torch.autocast("cpu", torch.bfloat16):
            _, scores = self.model(mixed, DROP)
        scores = scores.float()
        loss = share * functional.cross_entropy(scores, categories, label_smoothing=SMOOTH) + (
            1 - share
        ) * functional.cross_entropy(scores, categories.flip(0), label_smoothing=SMOOTH)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_([p for group in self.optimiser.param_groups for p in group["params"]], 5.0)
        self.optimiser.step()
        keep = min(AVERAGE, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            for mean, now in zip(self.average.parameters(), self.model.parameters(), strict=True):
                mean.lerp_(now, 1 - keep)
        return float(loss.detach())

    def _look(self, loss: float, seconds: float) -> None:
        found = {"step": self.step, "side": self.plan.side(self.step - 1), "loss": round(loss, 4)}
        found |= {name: round(share, 4) for name, share in accuracies(self.average, self.watched).items()}
        self.curve.append({**found, "seconds a step": round(seconds, 2)})
        self._tell(json.dumps(self.curve[-1]))
        self.save()


def _optimiser(model: Kinds) -> tuple[torch.optim.Optimizer, list[float]]:
    """Adam with a rate for every block, and those rates; the frozen blocks are left out."""
    groups: list[dict[str, Any]] = [{"params": [*model.scores.parameters(), model.gain]}]
    rates = [SCORES_RATE]
    blocks: dict[int, list[Tensor]] = {}
    for name, parameter in model.network.named_parameters():
        number = model.network.block_of(name)
        parameter.requires_grad_(number >= FROZEN)
        if number >= FROZEN:
            blocks.setdefault(number, []).append(parameter)
    for number, parameters in blocks.items():
        for one, decay in ((True, DECAY), (False, 0.0)):  # biases do not decay
            groups.append({"params": [p for p in parameters if (p.ndim > 1) == one], "weight_decay": decay})
            rates.append(RATE * FALL ** (max(blocks) - number))
    return torch.optim.AdamW(groups, lr=RATE, weight_decay=0.0), rates


def accuracies(model: Kinds, views: Views) -> dict[str, float]:
    """The share that the model names right of whole photos, of garments in what surrounds them, and on white."""
    numbers = np.arange(0, len(views), 64)
    found = {}
    for name, take in (
        ("whole", lambda rows: np.asarray(views.whole[rows])),
        ("kept", lambda rows: np.asarray(views.garment[rows])),
        ("white", views.white),
    ):
        named = np.concatenate([_named(model, take(slice(start, start + 64))) for start in numbers])
        found[name] = float((named == views.category).mean())
    return found


def _named(model: Kinds, pictures: NDArray[np.uint8]) -> NDArray[np.int64]:
    model.eval()
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        batch = torch.from_numpy(np.ascontiguousarray(pictures.transpose(0, 3, 1, 2))).float()
        seen = functional.interpolate(batch, size=(SIDE, SIDE), mode="bilinear", antialias=True)
        winners: NDArray[np.int64] = model(seen)[1].argmax(1).numpy()
    return winners
