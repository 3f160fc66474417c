"""The vgg space: what the network sees of a picture, its weights, its options."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import load_file, save_file

from engine.errors import InputError
from indexer.picture import Picture
from indexer.runtime.eight_bit import LARGEST
from indexer.spaces.vgg import GROUND, SHIPPED, Vgg, prepare
from indexer.vgg.make_weights import record_digests
from indexer.vgg.projection import Projection, fit_projection
from indexer.vgg.weights import digest, load_weights, pack, unpack

GOLDEN = Path(__file__).parent / "golden_vgg.npz"


def synthetic(seed: int = 7, height: int = 240, width: int = 180) -> Picture:
    """Gradients and stripes with seeded noise, made without any library that may change its mind."""
    rng = np.random.default_rng(seed)
    down, across = np.mgrid[:height, :width]
    channels = np.stack([down * 255 // height, across * 255 // width, (down // 12 + across // 20) % 2 * 180], axis=2)
    return Picture(np.clip(channels + rng.integers(-20, 21, channels.shape), 0, 255).astype(np.uint8))


def inner(seen: np.ndarray) -> np.ndarray:
    """Without the rim, where resizing a part of a picture rightly looks a little beyond the part."""
    return seen[2:-2, 2:-2]


def test_golden_numbers() -> None:
    """Committed numbers: 16 x 16 of what the network sees, 64 features and the vector of one synthetic picture."""
    golden = np.load(GOLDEN)
    space = Vgg(device="cpu")
    seen = prepare(synthetic())
    np.testing.assert_allclose(seen[::10, ::10].astype(int), golden["seen"].astype(int), atol=2)
    features = space.raw([synthetic()])[0]
    np.testing.assert_allclose(features[::128], golden["features"], atol=0.03 * features.max())
    vector = space.extract([synthetic()])[0]
    assert vector @ golden["vector"] > 0.999


def test_channels_are_not_swapped_unseen() -> None:
    space = Vgg(device="cpu")
    red = np.zeros((60, 60, 3), np.uint8)
    red[..., 0] = 255
    one, other = space.extract([Picture(red), Picture(red[..., ::-1].copy())])
    assert one @ other < 0.9


def test_a_picture_near_three_to_four_is_cut_square() -> None:
    rgb = synthetic(height=400, width=300).rgb
    want = Image.fromarray(rgb[50:350]).resize((150, 150), Image.Resampling.BILINEAR)
    np.testing.assert_array_equal(inner(prepare(Picture(rgb))), inner(np.asarray(want)))
    turned = np.ascontiguousarray(rgb.transpose(1, 0, 2))
    want_turned = inner(np.asarray(want)).transpose(1, 0, 2).astype(int)
    np.testing.assert_allclose(inner(prepare(Picture(turned))), want_turned, atol=1)


def test_a_tall_picture_keeps_three_quarters() -> None:
    rgb = synthetic(height=400, width=100).rgb
    want = Image.fromarray(rgb[50:350]).resize((150, 150), Image.Resampling.BILINEAR)
    np.testing.assert_array_equal(inner(prepare(Picture(rgb))), inner(np.asarray(want)))


def test_with_a_mask_only_the_garment_is_seen() -> None:
    picture = synthetic(height=300, width=300)
    mask = np.zeros((300, 300), bool)
    mask[100:250, 20:80] = True
    rng = np.random.default_rng(0)
    elsewhere = np.where(mask[..., None], picture.rgb, rng.integers(0, 256, picture.rgb.shape, dtype=np.uint8))
    seen = prepare(Picture(picture.rgb, mask))
    np.testing.assert_array_equal(prepare(Picture(elsewhere, mask)), seen)
    assert (seen[:, :10] == GROUND).all()
    # 150 rows of 165 are garment, and 60 columns: in 150 pixels about 136 and 55.
    garment = (seen != GROUND).any(2)
    assert 134 <= garment.any(1).sum() <= 140
    assert 52 <= garment.any(0).sum() <= 58


def test_an_empty_mask_is_no_mask() -> None:
    picture = synthetic()
    empty = np.zeros(picture.rgb.shape[:2], bool)
    np.testing.assert_array_equal(prepare(Picture(picture.rgb, empty)), prepare(picture))


def test_shipped_weights_are_whole() -> None:
    lines = (SHIPPED / "SHA256SUMS").read_text().splitlines()
    shipped = [*SHIPPED.glob("*.safetensors"), *SHIPPED.glob("*.npy")]
    assert sorted(line.split("  ")[1] for line in lines) == sorted(file.name for file in shipped)
    assert {"vgg16.safetensors", "vgg16_projection.safetensors"} <= {line.split("  ")[1] for line in lines}
    for line in lines:
        told, name = line.split("  ")
        assert digest(SHIPPED / name) == told


def test_recording_hashes_leaves_those_of_other_files(tmp_path: Path) -> None:
    file = tmp_path / "one.safetensors"
    file.write_bytes(b"anything")
    sums = tmp_path / "SHA256SUMS"
    sums.write_text(f"{'0' * 64}  one.safetensors\n{'1' * 64}  other.safetensors\n")
    record_digests(sums, [file])
    assert sums.read_text() == f"{digest(file)}  one.safetensors\n{'1' * 64}  other.safetensors\n"


def test_damaged_shipped_weights_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("vgg16.safetensors", "vgg16_projection.safetensors", "SHA256SUMS"):
        (tmp_path / name).write_bytes((SHIPPED / name).read_bytes())
    damaged = bytearray((tmp_path / "vgg16.safetensors").read_bytes())
    damaged[-100] ^= 1
    (tmp_path / "vgg16.safetensors").write_bytes(damaged)
    monkeypatch.setattr("indexer.spaces.vgg.SHIPPED", tmp_path)
    with pytest.raises(InputError, match="damaged"):
        _ = Vgg(device="cpu").fingerprint


def test_pack_is_within_half_a_step() -> None:
    weights = load_weights(SHIPPED / "vgg16.safetensors")
    rng = np.random.default_rng(0)
    moved = {name: (value + rng.normal(0, 1e-3, value.shape)).astype(np.float32) for name, value in weights.items()}
    back = unpack(pack(moved))
    for name, value in moved.items():
        if name.endswith("weight"):
            step = np.abs(value).max(axis=(1, 2, 3), keepdims=True) / 127
            assert (np.abs(back[name] - value) <= step * 0.5001).all()


def test_options_change_the_fingerprint(tmp_path: Path) -> None:
    space = Vgg(device="cpu")
    assert space.fingerprint == Vgg(device="cpu").fingerprint
    rng = np.random.default_rng(0)
    fit_projection(rng.random((20, 8192), dtype=np.float32), 16).save(tmp_path / "own.safetensors")
    own = Vgg(projection=tmp_path / "own.safetensors", device="cpu")
    assert own.extract([synthetic()]).shape == (1, 16)
    assert own.dim == 16
    assert own.fingerprint != space.fingerprint

    named = {name: value.astype(np.float16) for name, value in load_weights(SHIPPED / "vgg16.safetensors").items()}
    save_file(named, tmp_path / "half.safetensors")
    half = Vgg(weights=tmp_path / "half.safetensors", device="cpu")
    assert half.fingerprint != space.fingerprint
    assert (half.extract([synthetic()]) @ space.extract([synthetic()]).T).item() > 0.999


def test_wrong_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no VGG16 weights"):
        Vgg(weights=tmp_path / "none").extract([synthetic()])
    with pytest.raises(InputError, match="no projection"):
        Vgg(projection=tmp_path / "none")
    (tmp_path / "text").write_text("hello")
    with pytest.raises(InputError, match="not a safetensors file"):
        Vgg(weights=tmp_path / "text").extract([synthetic()])
    with pytest.raises(InputError, match="not a projection"):
        Vgg(projection=tmp_path / "text")
    stored = load_file(SHIPPED / "vgg16.safetensors")
    save_file({"features.0.weight": stored["features.0.weight"]}, tmp_path / "part")
    with pytest.raises(InputError, match="lacks"):
        Vgg(weights=tmp_path / "part").extract([synthetic()])
    fitted = Projection(np.zeros(10, np.float32), np.zeros((3, 10), np.float32))
    fitted.save(tmp_path / "narrow")
    with pytest.raises(InputError, match="8192"):
        Vgg(projection=tmp_path / "narrow")


def test_torchvision_weights_say_when_they_cannot_be_had(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from urllib.error import URLError

    import torch

    def no_network(*_: object, **__: object) -> None:
        raise URLError("no route to host")

    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    monkeypatch.setattr(torch.hub, "download_url_to_file", no_network)
    with pytest.raises(InputError, match="weights='shipped'"):
        Vgg(weights="torchvision").extract([synthetic()])


def test_torchvision_weights_are_taken_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    from indexer.runtime.torchvision_shim import torchvision

    shipped = load_weights(SHIPPED / "vgg16.safetensors")
    shipped.pop(LARGEST)  # torchvision's have no ranges of activations: they run in floating point
    state = {name: torch.tensor(value) for name, value in shipped.items()} | {"classifier.0.weight": torch.zeros(1)}
    monkeypatch.setattr(torchvision.models.VGG16_Weights, "get_state_dict", lambda *_, **__: state)
    space = Vgg(weights="torchvision", device="cpu")
    assert (space.extract([synthetic()]) @ Vgg(device="cpu").extract([synthetic()]).T).item() > 0.999
    assert space.fingerprint != Vgg(device="cpu").fingerprint
