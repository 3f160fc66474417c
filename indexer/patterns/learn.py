"""The training loop: first the projection alone, then with the upper blocks of the network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from indexer.patterns.features import Features
from indexer.patterns.losses import PatternLoss
from indexer.patterns.model import Head, Upper
from indexer.patterns.network import LOWER_HEARD, UPPER_INPUT
from indexer.patterns.recipe import Lesson, Recipe
from indexer.runtime.lite0 import Arrays

Progress = Callable[[str, int, int], None]
Validate = Callable[[NDArray[np.float32]], float]
"""Unit vectors of the validation pictures -> how good they are, higher is better."""


@dataclass(frozen=True, eq=False)
class Learned:
    """arrays: weights as `PatternWeights.network` has them, and the families'. curve: (stage, step, loss, score)."""

    arrays: dict[str, NDArray[np.float32]]
    curve: list[tuple[str, int, float, float]]


class Sampler:
    """Draws batches: drawn and photographed items, of every family as often, and several views of each.

    Of one generator at most one design: two ginghams of different size are one pattern, and no pair to be told apart.
    """

    def __init__(self, lesson: Lesson, recipe: Recipe, seed: int) -> None:
        self._rng, self._recipe = np.random.default_rng(seed), recipe
        order = np.argsort(lesson.item, kind="stable")
        starts = np.flatnonzero(np.r_[True, np.diff(lesson.item[order]) != 0])
        self._views = np.split(order, starts[1:])
        family, kind = lesson.family[order[starts]], lesson.kind[order[starts]]
        real = kind == ""
        several = np.array([len(views) > 1 for views in self._views])
        self._drawn = [
            [np.flatnonzero(several & (kind == name)) for name in np.unique(kind[~real & (family == value)])]
            for value in np.unique(family[~real & several])
        ]
        self._told = self._by_family(family, real & several & (family >= 0))
        self._untold = np.flatnonzero(real & several & (family < 0))

    @staticmethod
    def _by_family(family: NDArray[np.int64], among: NDArray[np.bool_]) -> list[NDArray[np.intp]]:
        return [np.flatnonzero(among & (family == value)) for value in np.unique(family[among])]

    def batch(self) -> NDArray[np.intp]:
        """Rows of one batch; views of one item follow each other."""
        recipe = self._recipe
        one_each = [np.array([self._rng.choice(designs) for designs in kinds]) for kinds in self._drawn]
        items = self._evenly(one_each, recipe.drawn)
        told = recipe.real if not len(self._untold) else recipe.real * 2 // 3
        items += self._evenly(self._told, told)
        if len(self._untold):
            fewer = min(recipe.real - (told if self._told else 0), len(self._untold))
            items += list(self._rng.choice(self._untold, fewer, replace=False))
        rows = [
            self._rng.choice(v, min(recipe.views, len(v)), replace=False) for v in map(self._views.__getitem__, items)
        ]
        return np.concatenate(rows)

    def _evenly(self, families: list[NDArray[np.intp]], count: int) -> list[np.intp]:
        """Different items, of each family as many as of another where it has them."""
        if not families or count == 0:
            return []
        each = -(-count // len(families))
        chosen = [i for f in families for i in self._rng.choice(f, min(each, len(f)), replace=False)]
        return [chosen[place] for place in self._rng.permutation(len(chosen))[:count]]


def learn(
    lesson: Lesson,
    watched: Features,
    validate: Validate,
    weights: Arrays,
    families: int,
    recipe: Recipe,
    seed: int,
    checkpoint: Path | None = None,
    progress: Progress | None = None,
) -> Learned:
    """Train, and give the best weights by the validation pictures.

    weights: the network to start from. watched: features of the validation pictures. checkpoint: file to go on from,
    written every `recipe.every` steps, removed by nobody.
    """
    torch.manual_seed(seed)
    heard = lesson.features.heard
    sample = np.random.default_rng(seed).permutation(len(heard))[:20_000]
    part = heard[np.sort(sample)].astype(np.float32)
    # The floor keeps a channel that hardly ever fires from being blown up.
    head = Head(part.mean(0), part.std(0) + 0.1 * float(part.std(0).mean()), families)
    upper = Upper(weights)
    run = _Run(lesson, watched, validate, recipe, seed, head, upper, checkpoint, progress)
    run.stage("projection", recipe.head_steps, [{"params": head.parameters(), "lr": recipe.head_rate}], fine=False)
    run.take_best()
    if recipe.fine_steps:
        groups = [
            {"params": upper.parameters(), "lr": recipe.fine_rate},
            {"params": head.parameters(), "lr": recipe.head_rate * 0.2},
        ]
        run.stage("network", recipe.fine_steps, groups, fine=True)
        run.blend(weights)
    arrays = {name: value for name, value in weights.items() if not Upper.has(name)} | upper.arrays() | head.arrays()
    return Learned({name: np.asarray(value, np.float32) for name, value in arrays.items()}, run.curve)


class _Run:
    """The state of one training."""

    def __init__(
        self,
        lesson: Lesson,
        watched: Features,
        validate: Validate,
        recipe: Recipe,
        seed: int,
        head: Head,
        upper: Upper,
        checkpoint: Path | None,
        progress: Progress | None,
    ) -> None:
        self._lesson, self._watched, self._validate = lesson, watched, validate
        self._recipe, self._seed, self._checkpoint, self._progress = recipe, seed, checkpoint, progress
        self._head, self._upper, self._loss = head, upper, PatternLoss(recipe.losses)
        self.curve: list[tuple[str, int, float, float]] = []
        self._best: tuple[float, dict[str, Any]] = (-np.inf, {})
        self._done = ""
        self._told = {"seed": seed, **asdict(recipe)}
        self._kept = self._read()

    def stage(self, name: str, steps: int, groups: list[dict[str, Any]], fine: bool) -> None:
        """Some steps of Adam; goes on where the checkpoint stopped."""
        optimiser = torch.optim.AdamW(groups, weight_decay=self._recipe.decay)
        fall = torch.optim.lr_scheduler.LambdaLR(
            optimiser, lambda step: 0.5 * (1 + np.cos(np.pi * min(step / steps, 1)))
        )
        sampler = Sampler(self._lesson, self._recipe, self._seed + fine)
        first = self._resume(name, optimiser, fall, sampler)
        total = 0.0
        for step in range(first, steps):
            rows = sampler.batch()
            self._head.train()
            vectors = self._vectors(self._lesson.features, rows, fine, self._recipe.drop)
            lesson = self._lesson
            item, family, near = (
                torch.from_numpy(values[rows]) for values in (lesson.item, lesson.family, lesson.near)
            )
            loss = self._loss(vectors, self._head.scores(vectors), item, family, near)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            fall.step()
            total += float(loss.detach())
            if self._progress:
                self._progress(name, step + 1, steps)
            if (step + 1) % self._recipe.every == 0 or step + 1 == steps:
                score = self.score(fine)
                self.curve.append((name, step + 1, total / max(1, (step % self._recipe.every) + 1), score))
                total = 0.0
                if score > self._best[0]:
                    self._best = (score, self._state())
                self._write(name, step + 1, optimiser, fall)
        if first >= steps and not self._best[1]:
            self._best = (self.score(fine), self._state())

    def take_best(self) -> None:
        """Go back to the best state seen in the last stage."""
        if self._best[1]:
            self._head.load_state_dict(self._best[1]["head"])
            self._upper.load_state_dict(self._best[1]["upper"])
        self._best = (-np.inf, {})

    def blend(self, start: Arrays) -> None:
        """The upper blocks between where they started and where they ended, as far as validation likes best.

        Wortsman et al., "Robust fine-tuning of zero-shot models", 2022.
        """
        ended = {name: torch.tensor(value) for name, value in self._upper.arrays().items()}
        scored = []
        for share in (0.25, 0.5, 0.75, 1.0):
            self._mix(start, ended, share)
            scored.append((self.score(fine=True), share))
            self.curve.append(("blend", round(share * 100), 0.0, scored[-1][0]))
        self._mix(start, ended, max(scored)[1])

    def _mix(self, start: Arrays, ended: dict[str, Tensor], share: float) -> None:
        mixed = {
            f"_kept.{name.replace('.', '/')}": share * value
            + (1 - share) * torch.tensor(np.asarray(start[name], np.float32))
            for name, value in ended.items()
        }
        self._upper.load_state_dict(mixed)

    def score(self, fine: bool) -> float:
        """How good the vectors of the validation pictures are now."""
        self._head.eval()
        with torch.inference_mode():
            count = len(self._watched.heard)
            parts = [
                self._vectors(self._watched, np.arange(start, min(start + 256, count)), fine, 0).numpy()
                for start in range(0, count, 256)
            ]
        return self._validate(np.concatenate(parts))

    def _vectors(self, features: Features, rows: NDArray[np.intp], fine: bool, drop: float) -> Tensor:
        heard = torch.from_numpy(features.heard[rows].astype(np.float32))
        if fine:
            lower = torch.from_numpy(features.lower[rows].astype(np.float32)).view(-1, *UPPER_INPUT)
            heard = torch.cat([heard[:, :LOWER_HEARD], self._upper(lower)], 1)
        if drop:
            # Hidden channels show their mean: nothing to the standardised projection.
            heard = torch.where(torch.rand_like(heard) < drop, self._head.mean, heard)
        vectors: Tensor = self._head(heard)
        return vectors

    def _state(self) -> dict[str, Any]:
        return {
            part: {name: value.clone() for name, value in module.state_dict().items()}
            for part, module in (("head", self._head), ("upper", self._upper))
        }

    def _read(self) -> dict[str, Any]:
        if self._checkpoint is None or not self._checkpoint.is_file():
            return {}
        kept: dict[str, Any] = torch.load(self._checkpoint, weights_only=False)
        return kept if kept["told"] == self._told else {}

    def _resume(self, name: str, optimiser: Any, fall: Any, sampler: Sampler) -> int:
        """The step to go on from; 0 when the checkpoint says nothing of this stage."""
        if not self._kept:
            return 0
        stage, step = self._kept["at"]
        if stage != name and not (name == "projection" and stage == "network"):
            return 0
        self.curve = list(self._kept["curve"])
        if stage != name:  # this stage was finished: its best state is where the next began
            self._head.load_state_dict(self._kept["state"]["head"])
            return 10**9
        for part, module in (("head", self._head), ("upper", self._upper)):
            module.load_state_dict(self._kept["state"][part])
        optimiser.load_state_dict(self._kept["optimiser"])
        fall.load_state_dict(self._kept["fall"])
        self._best = self._kept["best"]
        for _ in range(step):
            sampler.batch()
        return int(step)

    def _write(self, name: str, step: int, optimiser: Any, fall: Any) -> None:
        if self._checkpoint is None:
            return
        kept = {
            "told": self._told, "at": (name, step), "curve": self.curve, "best": self._best, "state": self._state(),
            "optimiser": optimiser.state_dict(), "fall": fall.state_dict(),
        }  # fmt: skip
        unfinished = self._checkpoint.with_suffix(".tmp")
        torch.save(kept, unfinished)
        unfinished.replace(self._checkpoint)
