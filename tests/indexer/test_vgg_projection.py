"""The projection against scikit-learn's PCA."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn.decomposition import PCA

from engine.errors import InputError
from indexer.vgg.projection import POWER, fit_projection, load_projection


def features(seed: int, rows: int = 60, d: int = 40) -> np.ndarray:
    """Non-negative, correlated, with zeros, as after a ReLU."""
    rng = np.random.default_rng(seed)
    return np.maximum(rng.normal(0, 1, (rows, 12)) @ rng.normal(0, 1, (12, d)) + 0.5, 0).astype(np.float32)


def prepared(rows: np.ndarray) -> np.ndarray:
    raised = rows.astype(np.float64) ** POWER
    return np.stack([row / np.sqrt((row * row).sum()) for row in raised])


def test_is_pca_of_prepared_features() -> None:
    pca = PCA(6, svd_solver="full").fit(prepared(features(0)))
    fitted = fit_projection(features(0), 6)
    signs = np.sign((pca.components_ * fitted.basis).sum(1))
    np.testing.assert_allclose(fitted.basis, pca.components_ * signs[:, None], atol=1e-5)
    np.testing.assert_allclose(fitted.mean, pca.mean_, atol=1e-6)

    want = pca.transform(prepared(features(1))) * signs
    want /= np.linalg.norm(want, axis=1, keepdims=True)
    np.testing.assert_allclose(fitted(features(1)), want, atol=1e-5)


def test_signs_do_not_depend_on_the_order_of_rows() -> None:
    one, other = fit_projection(features(0), 4), fit_projection(features(0)[::-1], 4)
    np.testing.assert_allclose(one.basis, other.basis, atol=1e-5)


def test_saved_and_read_again(tmp_path: Path) -> None:
    fitted = fit_projection(features(0), 6)
    fitted.save(tmp_path / "p.safetensors")
    again = load_projection(tmp_path / "p.safetensors")
    assert again.dim == 6
    cosine = (again(features(1)) * fitted(features(1))).sum(1)
    assert cosine.min() > 0.99999


def test_nothing_is_projected_to_a_finite_row() -> None:
    projected = fit_projection(features(0), 6)(np.zeros((1, 40), np.float32))
    assert np.isfinite(projected).all()


def test_too_few_rows() -> None:
    with pytest.raises(InputError, match="more than 60 rows"):
        fit_projection(features(0), 60)


def test_packed_directions_stay_within_half_a_step(tmp_path) -> None:
    rng = np.random.default_rng(2)
    fitted = fit_projection(rng.random((60, 500), dtype=np.float32), 32)
    fitted.save(tmp_path / "packed.safetensors", packed=True)
    fitted.save(tmp_path / "half.safetensors")
    assert (tmp_path / "packed.safetensors").stat().st_size < 0.7 * (tmp_path / "half.safetensors").stat().st_size
    packed = load_projection(tmp_path / "packed.safetensors")
    for before, after in zip(fitted.basis, packed.basis, strict=True):
        assert np.abs(before - after).max() <= np.abs(before).max() / 127 / 2 * 1.001
    asked = rng.random((40, 500), dtype=np.float32)
    assert (fitted(asked) * packed(asked)).sum(1).min() > 0.999
