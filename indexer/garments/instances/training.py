"""The loop that teaches a network of instances: resumable, and the same at every run of the same plan."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import numpy as np
import torch

from engine.errors import InputError, PictureError
from indexer.garments.instances.detect import tensor_of
from indexer.garments.instances.samples import Sample, Source

_WARM = 0.05  # share of the steps in which the rate rises
_LAST = 0.02  # share of the rate that is left at the end
_DECAY = 1e-4
_LONGEST = 5.0  # gradients are cut to this norm
_ROUND = 20  # steps a point of the curve, and a report


@dataclass(frozen=True)
class Plan:
    """epochs: times that every image is seen. batch: images a step. rate: of AdamW, at its highest."""

    epochs: int = 12
    batch: int = 4
    rate: float = 4e-4
    seed: int = 0

    def __post_init__(self) -> None:
        if min(self.epochs, self.batch) < 1 or self.rate <= 0:
            raise InputError("epochs and batch are 1 or more, the rate is above 0")


class Trainer:
    """Teaches a network (as `build` makes it) on a device, with a checkpoint beside its weights.

    skipped: file -> why its photo could not be learned from. curve: (step, mean loss since the last point).
    """

    def __init__(self, network: Any, source: Source, plan: Plan, device: torch.device, checkpoint: Path) -> None:
        self.network, self.source, self.plan = network.to(device), source, plan
        self.checkpoint = checkpoint
        self.step = 0
        self.curve: list[tuple[int, float]] = []
        self.skipped: dict[str, str] = {}
        self._device = device
        learning = [parameter for parameter in network.parameters() if parameter.requires_grad]
        self._optimiser = torch.optim.AdamW(learning, lr=plan.rate, weight_decay=_DECAY)
        self._learning = learning
        self._changing = False

    @property
    def steps(self) -> int:
        """Of the whole plan."""
        return self.plan.epochs * math.ceil(len(self.source.images) / self.plan.batch)

    def run(
        self, until: int | None = None, every: int = 200, report: Callable[[int, float], None] | None = None
    ) -> None:
        """Go on to that step (default: the last), with a checkpoint every so many steps and at the end.

        report is called with the step and the mean loss of the last 20.
        """
        last = self.steps if until is None else min(until, self.steps)
        self.network.train()
        losses: list[float] = []
        try:
            for samples in self._batches(last):
                losses.append(self._learn(samples))
                if self.step % _ROUND == 0 or self.step == last:
                    self.curve.append((self.step, float(np.mean(losses))))
                    losses = []
                    if report is not None:
                        report(self.step, self.curve[-1][1])
                if self.step % every == 0:
                    self.save()
        finally:
            if not self._changing:  # a person may stop it at any moment: half a step is no place to go on from
                self.save()

    def save(self) -> None:
        """Write the checkpoint, whole or not at all."""
        part = self.checkpoint.with_name(self.checkpoint.name + ".tmp")
        state = {"network": self.network.state_dict(), "optimiser": self._optimiser.state_dict()}
        torch.save({**state, "step": self.step, "curve": self.curve, "run": self._run()}, part)
        part.replace(self.checkpoint)

    def resume(self) -> None:
        """Go on from the checkpoint. Raises InputError when it is damaged, or of another plan, network or data set."""
        try:
            stored = torch.load(self.checkpoint, map_location=self._device, weights_only=True)
        except (RuntimeError, UnpicklingError, EOFError) as error:
            raise InputError(f"{self.checkpoint} is no checkpoint, or damaged: start without --resume") from error
        if stored["run"] != self._run():
            raise InputError(
                f"{self.checkpoint} is of another run (its plan, network or photos differ): start without --resume"
            )
        self.network.load_state_dict(stored["network"])
        self._optimiser.load_state_dict(stored["optimiser"])
        self.step, self.curve = stored["step"], [(step, loss) for step, loss in stored["curve"]]

    def _run(self) -> dict[str, Any]:
        return {"plan": asdict(self.plan), **self.source.told.metadata(), "images": self.source.digest}

    def _batches(self, last: int) -> Iterator[list[Sample]]:
        """The samples of every step from the present one; the next are read while the last are learned from."""
        with ThreadPoolExecutor(2) as pool:
            waiting: deque[list[Future[Sample | None]]] = deque()
            for step in range(self.step, last):
                waiting.append([pool.submit(self._sample, *one) for one in self._images_of(step)])
                if len(waiting) > 1:
                    yield _read(waiting.popleft())
            while waiting:
                yield _read(waiting.popleft())

    def _images_of(self, step: int) -> list[tuple[int, int]]:
        """(image, number of the draw) of a step: every epoch in an order of its own."""
        images, batch = self.source.images, self.plan.batch
        epoch, place = divmod(step, math.ceil(len(images) / batch))
        order = np.random.default_rng([self.plan.seed, epoch, 71]).permutation(len(images))
        return [(images[n], step * batch + i) for i, n in enumerate(order[place * batch : (place + 1) * batch])]

    def _sample(self, image: int, draw: int) -> Sample | None:
        try:
            return self.source.sample(image, np.random.default_rng([self.plan.seed, draw, 73]))
        except PictureError as error:
            self.skipped[self.source.dataset.images[image].file] = str(error)
            return None

    def _learn(self, samples: Sequence[Sample]) -> float:
        """One step; the sum of the five losses, 0 where no photo of the step could be read."""
        loss = 0.0
        if samples:
            # Which anchors and boxes are drawn is a matter of the step alone.
            torch.manual_seed(self.plan.seed * 1_000_003 + self.step)
            loss = self._gradients(samples)
        self._changing = True
        if samples:
            self._optimiser.step()
        self.step += 1
        self._changing = False
        return loss

    def _gradients(self, samples: Sequence[Sample]) -> float:
        for group in self._optimiser.param_groups:
            group["lr"] = self.plan.rate * self._share()
        pictures = [tensor_of(sample.rgb).to(self._device) for sample in samples]
        losses = self.network(pictures, [self._target(sample) for sample in samples])
        loss = sum(losses.values())
        self._optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self._learning, _LONGEST)
        return float(loss.detach())

    def _share(self) -> float:
        """Of the highest rate: a linear rise, then half a cosine."""
        warm = max(1, round(_WARM * self.steps))
        if self.step < warm:
            return (self.step + 1) / warm
        done = (self.step - warm) / max(1, self.steps - warm)
        return _LAST + (1 - _LAST) * 0.5 * (1 + math.cos(math.pi * done))

    def _target(self, sample: Sample) -> dict[str, torch.Tensor]:
        told = {"boxes": sample.boxes, "labels": sample.labels, "masks": sample.masks}
        return {name: torch.from_numpy(value).to(self._device) for name, value in told.items()}


def _read(futures: Sequence[Future[Sample | None]]) -> list[Sample]:
    """The samples whose photo could be read."""
    return [sample for future in futures if (sample := future.result()) is not None]
