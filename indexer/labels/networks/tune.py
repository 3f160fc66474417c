"""Trains a backbone's last blocks with a dense head, stopping early on the validation part."""

from __future__ import annotations

import copy
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from indexer.labels.examples import Labelled
from indexer.labels.heads import best_temperature, chances_of, class_weights, log_loss
from indexer.labels.networks.augment import augmented
from indexer.labels.networks.backbones import Backbone
from indexer.labels.networks.modules import Classifier, blocks_of, flat, pooled
from indexer.labels.networks.preprocess import scaled
from indexer.labels.networks.recipe import Recipe
from indexer.labels.networks.weights import Origin

Rows = NDArray[np.int64]
BACKBONE_RATE = 0.1  # of the head's: what ImageNet taught is changed less
SEEN = 32  # pictures a forward pass when nothing is learned


def tune(
    backbone: Backbone,
    origin: Origin,
    pictures: NDArray[np.uint8],
    labelled: Labelled,
    sides: tuple[Rows, Rows],
    recipe: Recipe,
    seed: int,
    say: Callable[[int, int], None],
) -> Callable[[Rows], NDArray[np.float32]]:
    """Learns from the training rows of `sides`, stops by the validation rows; what comes back gives chances of rows.

    pictures: uint8 (n, side, side, 3), prepared, a row for each of `labelled`. Augmented are training rows alone, anew
    each epoch. The epoch of the best validation loss is kept, and calibrated on the validation rows. Deterministic by
    the seed. say: called with epochs done and their most.
    """
    train, validation = sides
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        lower, model = _network(backbone, origin, pictures.shape[1], recipe, len(labelled.classes))
        loss_of = _loss(labelled, train)
        optimiser = _optimiser(model, recipe, whole=not backbone.blocks)
        order = np.random.default_rng([seed, 31])
        best, kept, at = np.inf, copy.deepcopy(model.state_dict()), 0
        for epoch in range(1, recipe.epochs + 1):
            model.train()
            for start, rows in _batches(train[order.permutation(len(train))], recipe.batch):
                shown = augmented(pictures[rows], (seed, 32, epoch, start))
                with torch.no_grad():
                    x = lower(torch.from_numpy(scaled(shown, backbone)))
                loss = loss_of(model(x), torch.from_numpy(labelled.targets[rows]))
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
            held = _scores(lower, model, backbone, pictures, validation)
            now = log_loss(held, labelled.targets[validation], labelled.several)
            say(epoch, recipe.epochs)
            if now < best:
                best, kept, at = now, copy.deepcopy(model.state_dict()), epoch
            elif epoch - at >= recipe.patience:
                break
        model.load_state_dict(kept)
    held = _scores(lower, model, backbone, pictures, validation)
    warm = best_temperature(held, labelled.targets[validation], labelled.several)

    def chances(rows: Rows) -> NDArray[np.float32]:
        scores = _scores(lower, model, backbone, pictures, rows) / np.float32(warm)
        return np.asarray(chances_of(scores, labelled.several), np.float32)

    return chances


def features(
    backbone: Backbone, origin: Origin, pictures: NDArray[np.uint8], seed: int, say: Callable[[int, int], None]
) -> NDArray[np.float32]:
    """What the frozen backbone gives of prepared pictures: float32 (n, d). seed: draws random weights."""
    with torch.random.fork_rng(devices=[]), torch.inference_mode():
        torch.manual_seed(seed)
        network = nn.Sequential(*blocks_of(backbone, origin)).eval()
        found = []
        for start in range(0, len(pictures), SEEN):
            batch = torch.from_numpy(scaled(np.asarray(pictures[start : start + SEEN]), backbone))
            found.append(flat(network(batch), pooled(backbone)).numpy())
            say(min(start + SEEN, len(pictures)), len(pictures))
    return np.concatenate(found)


def _network(
    backbone: Backbone, origin: Origin, side: int, recipe: Recipe, classes: int
) -> tuple[nn.Module, Classifier]:
    """The part that stays, and the part that learns."""
    blocks = blocks_of(backbone, origin)
    stay = len(blocks) - recipe.blocks if backbone.blocks else 0
    lower = nn.Sequential(*blocks[: max(stay, 0)]).eval().requires_grad_(False)
    upper = blocks[max(stay, 0) :]
    with torch.no_grad():
        maps = nn.Sequential(lower, *upper).eval()(torch.zeros(1, 3, side, side))
    return lower, Classifier(upper, pooled(backbone), flat(maps, pooled(backbone)).shape[1], classes)


def _optimiser(model: Classifier, recipe: Recipe, whole: bool) -> torch.optim.Optimizer:
    rate = recipe.rate if whole else recipe.rate * BACKBONE_RATE
    groups = [
        {"params": list(model.head.parameters()), "lr": recipe.rate},
        {"params": list(model.upper.parameters()), "lr": rate},
    ]
    return torch.optim.AdamW([group for group in groups if group["params"]], weight_decay=1e-4)


def _batches(rows: Rows, size: int) -> list[tuple[int, Rows]]:
    return [(start, rows[start : start + size]) for start in range(0, len(rows), size)]


def _loss(labelled: Labelled, train: Rows) -> Callable[[Tensor, Tensor], Tensor]:
    """Cross-entropy under which all classes weigh the same."""
    targets = labelled.targets[train]
    if labelled.several:
        positive = np.maximum(targets.sum(axis=0), 1)
        weight = torch.tensor((len(targets) - positive) / positive, dtype=torch.float32).clamp(0.05, 20)
        return lambda scores, truth: functional.binary_cross_entropy_with_logits(
            scores, truth.float(), pos_weight=weight
        )
    each = np.zeros(len(labelled.classes), np.float32)
    each[targets] = class_weights(np.asarray(targets, np.int64), len(labelled.classes))
    weight = torch.from_numpy(each)
    return lambda scores, truth: functional.cross_entropy(scores, truth, weight=weight)


def _scores(
    lower: nn.Module, model: Classifier, backbone: Backbone, pictures: NDArray[np.uint8], rows: Rows
) -> NDArray[np.float32]:
    model.eval()
    found = [np.zeros((0, model.head[-1].out_features), np.float32)]
    with torch.inference_mode():
        for _, some in _batches(rows, SEEN):
            found.append(model(lower(torch.from_numpy(scaled(np.asarray(pictures[some]), backbone)))).numpy())
    return np.concatenate(found)
