"""Training the `kind` network: its module against the described network, its samples, and stopping and resuming."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from indexer.kinds.training.augment import augmented, framed
from indexer.kinds.training.cache import SIDE, Views
from indexer.runtime.lite0 import imagenet
from indexer.runtime.network import GlobalAverage, Network


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """Batches this small are quicker on one thread, on a busy machine by far."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def views(count: int) -> Views:
    rng = np.random.default_rng(1)
    whole = np.stack([
        np.asarray(Image.fromarray(rng.integers(0, 256, (6, 6, 3), dtype=np.uint8)).resize((SIDE, SIDE)))
        for _ in range(count)
    ])  # fmt: skip
    cloth = np.zeros((count, SIDE, SIDE), bool)
    cloth[: count // 2, 60:200, 60:200] = True
    return Views(whole, whole[:, ::-1].copy(), cloth, np.arange(count) % 10, np.array(["a"] * count))


def test_the_module_is_the_network_that_is_exported() -> None:
    import torch

    from indexer.kinds.training.model import Kinds
    from indexer.runtime.lite0 import MEAN, SCALE, layers
    from indexer.runtime.openvino_runtime import OpenVinoRuntime

    weights = imagenet()
    module = Kinds(weights, 10).eval()
    pictures = np.asarray(views(3).whole[:, ::4, ::4])
    with torch.inference_mode():
        found, scores = module(torch.from_numpy(np.ascontiguousarray(pictures.transpose(0, 3, 1, 2))))
    described = Network(pictures.shape[1], (MEAN,) * 3, (SCALE,) * 3, (*layers(weights), GlobalAverage()))
    expected = OpenVinoRuntime(described)(pictures)
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    assert (found.numpy() * expected).sum(1).min() > 0.999
    weight, bias = module.linear()
    np.testing.assert_allclose(scores.numpy(), found.numpy() @ weight.T + bias, atol=1e-3)
    for name, value in module.network.arrays().items():
        np.testing.assert_array_equal(value, weights[name])


def test_white_is_where_the_cloth_is_not() -> None:
    some = views(4)
    found = some.white(slice(0, 4))
    for row in range(4):
        for y, x in ((0, 0), (100, 100), (255, 255), (199, 60), (200, 60)):
            keeps = row >= 2 or (60 <= y < 200 and 60 <= x < 200)  # the last two have no garment: whole
            assert tuple(found[row, y, x]) == (tuple(some.garment[row, y, x]) if keeps else (255, 255, 255))


def test_augmentation_repeats_by_seed_and_keeps_the_garment_in_the_frame() -> None:
    some = views(2)
    one, again, other = (augmented(some, 0, 96, np.random.default_rng(seed)) for seed in (5, 5, 6))
    np.testing.assert_array_equal(one, again)
    assert one.shape == (96, 96, 3) and one.dtype == np.uint8 and not np.array_equal(one, other)
    spot = np.full((SIDE, SIDE, 3), 255, np.uint8)
    spot[118:138, 118:138] = 0
    for seed in range(40):
        seen = np.asarray(framed(Image.fromarray(spot), 96, np.random.default_rng(seed)))
        assert (seen < 60).all(2).sum() >= 15, seed  # what lies in the middle is never cut away


def test_learning_stops_resumes_and_leaves_the_first_blocks(tmp_path: Path, monkeypatch) -> None:
    import torch

    from indexer.kinds.training import train

    monkeypatch.setattr(train, "BATCH", 4)
    monkeypatch.setattr(train, "STAGES", ((1.0, 64),))
    some, told = views(12), []
    plan = train.Plan(4, 7, check=2)
    whole = train.Trainer(plan, some, some, tmp_path / "whole.pt", told.append)
    whole.run()
    assert whole.step == 4 and len(told) == 2
    parts = train.Trainer(train.Plan(4, 7, check=2), some, some, tmp_path / "parts.pt", told.append)
    plain, done = parts._learn, []

    def interrupted(pictures: torch.Tensor, categories: torch.Tensor) -> float:
        if len(done) == 2:
            raise KeyboardInterrupt
        done.append(1)
        return plain(pictures, categories)

    monkeypatch.setattr(parts, "_learn", interrupted)
    with pytest.raises(KeyboardInterrupt):
        parts.run()
    resumed = train.Trainer(train.Plan(4, 7, check=2), some, some, tmp_path / "parts.pt", told.append)
    resumed.resume()
    assert resumed.step == 2
    resumed.run()
    start = imagenet()
    for (name, one), other in zip(whole.average.named_parameters(), resumed.average.parameters(), strict=True):
        torch.testing.assert_close(one, other, msg=name)
    moved = {name for name, value in whole.average.network.arrays().items() if not np.array_equal(value, start[name])}
    numbers = {int(name.split(".")[1]) for name in moved}
    assert numbers == set(range(train.FROZEN, 16)) and not any(name.startswith("stem") for name in moved)


def test_the_rate_warms_up_and_falls_to_nearly_nothing() -> None:
    from indexer.kinds.training.train import WARM_UP, Plan

    plan = Plan(1200, 0)
    rates = [plan.factor(step) for step in range(1200)]
    assert rates[0] < 0.05 and max(rates) == pytest.approx(1, abs=0.02) and rates[-1] < 0.01
    assert (np.diff(rates[:WARM_UP]) >= 0).all() and (np.diff(rates[WARM_UP:]) <= 0).all()
    assert [plan.side(step) for step in (0, 659, 660, 1019, 1020, 1199)] == [160, 160, 192, 192, 224, 224]
