"""The `kind` space: what it sees, its network against timm's, its file, and the split of its training."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.errors import InputError
from indexer.decode import decode
from indexer.kinds.categories import CATEGORIES
from indexer.kinds.training.split import LARGE, examples
from indexer.kinds.view import SIDE, view
from indexer.kinds.weights import load_kind
from indexer.picture import Picture
from indexer.runtime.lite0 import imagenet
from indexer.spaces.kind import SHIPPED, Kind


def test_a_whole_picture_lies_in_the_middle_of_white() -> None:
    rgb = np.zeros((120, 60, 3), np.uint8)
    rgb[:60] = (200, 0, 0)
    rgb[60:] = (0, 0, 200)
    seen = view(Picture(rgb), 40)
    assert seen.shape == (40, 40, 3) and seen.dtype == np.uint8
    for row in range(40):
        for column in range(40):
            outside = column < 10 or column >= 30
            if 18 <= row < 22:
                continue  # the two halves meet here
            expected = (255, 255, 255) if outside else (200, 0, 0) if row < 20 else (0, 0, 200)
            assert tuple(seen[row, column]) == expected, (row, column)


def test_a_garment_fills_the_square_in_its_own_proportions() -> None:
    rgb = np.full((200, 300, 3), (10, 200, 10), np.uint8)
    mask = np.zeros((200, 300), bool)
    mask[60:140, 100:120] = True
    rgb[mask] = (250, 0, 0)
    kept, white = view(Picture(rgb, mask), 88), view(Picture(rgb, mask), 88, "white")
    # The box is 80 high: the square is 88, a pixel a pixel; its left is (100 + 120 - 88) / 2 = 66, its top 56.
    for row in range(88):
        for column in range(88):
            inside = mask[56 + row, 66 + column]
            assert tuple(kept[row, column]) == ((250, 0, 0) if inside else (10, 200, 10))
            assert tuple(white[row, column]) == ((250, 0, 0) if inside else (255, 255, 255))


def test_what_lies_outside_the_photo_is_white() -> None:
    mask = np.zeros((80, 100), bool)
    mask[:, :4] = True
    seen = view(Picture(np.zeros((80, 100, 3), np.uint8), mask), 88)
    # Side 88 about (2, 40): the photo begins 42 from the left and 4 from the top.
    assert (seen[4:84, 42:] == 0).all()
    assert (seen[:, :42] == 255).all() and (seen[:4] == 255).all() and (seen[84:] == 255).all()


def test_any_shape_gives_a_square() -> None:
    for height, width in ((1, 1), (1, 720), (720, 1), (3, 5), (224, 224)):
        mask = np.zeros((height, width), bool)
        mask[height // 2, width // 2] = True
        for picture in (Picture(np.zeros((height, width, 3), np.uint8), given) for given in (None, mask, ~mask)):
            assert view(picture).shape == (SIDE, SIDE, 3)


def test_the_shipped_network_through_openvino_is_timms() -> None:
    """Other code for the network (timm) with the shipped weights in place of its own, its batch norms made nothing."""
    import torch

    from indexer.runtime.torchvision_shim import torchvision  # noqa: F401  before timm imports it
    import timm  # isort: skip

    stored = load_kind(SHIPPED).network
    model = timm.create_model("tf_efficientnet_lite0", pretrained=False).eval()
    pairs = [(model.conv_stem, model.bn1, "stem")]
    number = 0
    for stage in model.blocks:
        for block in stage:
            name = f"blocks.{number}"
            if number:
                pairs += [(block.conv_pw, block.bn1, f"{name}.expand"), (block.conv_dw, block.bn2, f"{name}.depthwise"),
                          (block.conv_pwl, block.bn3, f"{name}.project")]  # fmt: skip
            else:
                pairs += [
                    (block.conv_dw, block.bn1, f"{name}.depthwise"),
                    (block.conv_pw, block.bn2, f"{name}.project"),
                ]
            number += 1
    with torch.inference_mode():
        for convolution, norm, name in pairs:
            convolution.weight.copy_(torch.from_numpy(stored[f"{name}.weight"]))
            norm.running_mean.zero_()
            norm.running_var.fill_(1 - norm.eps)
            norm.weight.fill_(1)
            norm.bias.copy_(torch.from_numpy(stored[f"{name}.bias"]))
        rng = np.random.default_rng(0)
        small = [Image.fromarray(rng.integers(0, 256, (9, 9, 3), dtype=np.uint8)) for _ in range(3)]
        pictures = [Picture(np.asarray(one.resize((200, 260), Image.Resampling.BICUBIC))) for one in small]
        x = np.stack([(view(one).astype(np.float32) - 127) / 128 for one in pictures]).transpose(0, 3, 1, 2)
        maps = model.blocks(model.bn1(model.conv_stem(torch.from_numpy(np.ascontiguousarray(x)))))
        expected = torch.nn.functional.normalize(maps.mean((2, 3))).numpy()
    found = Kind().extract(pictures)
    assert found.shape == (3, 320) and found.dtype == np.float32
    assert (found * expected).sum(1).min() > 0.999  # in half precision where the machine has it


def test_it_was_fine_tuned_and_its_first_blocks_left_alone() -> None:
    stored, before = load_kind(SHIPPED).network, imagenet()
    for name, value in before.items():
        near = np.abs(stored[name] - value).max() <= np.abs(value).max() / 127
        if name.startswith(("stem", "blocks.0.", "blocks.1.", "blocks.2.")):
            assert near, name
    assert not np.allclose(stored["blocks.12.expand.weight"], before["blocks.12.expand.weight"], atol=0.01)


def test_a_file_round_trips_packed_and_others_are_refused(tmp_path: Path) -> None:
    shipped = load_kind(SHIPPED)
    shipped.save(tmp_path / "again.safetensors", {"seed": "3"})
    again = load_kind(tmp_path / "again.safetensors")
    for name, value in shipped.network.items():
        np.testing.assert_allclose(again.network[name], value, atol=1e-3 * max(1, np.abs(value).max()), err_msg=name)
    chances = again.chances(np.eye(320, dtype=np.float32)[:5])
    assert chances.shape == (5, len(CATEGORIES))
    np.testing.assert_allclose(chances.sum(1), 1, atol=1e-5)
    for name, text in (("none", "no network of kinds"), ("other", "is not a safetensors file")):
        if name == "other":
            (tmp_path / "other").write_bytes(b"\x00" * 64)
        with pytest.raises(InputError, match=text):
            load_kind(tmp_path / name)
    with pytest.raises(InputError, match="no network of kinds at"):
        Kind(tmp_path / "none")
    with pytest.raises(InputError, match="is no network of kinds"):
        load_kind(SHIPPED.parent / "pattern.safetensors")
    assert Kind(tmp_path / "again.safetensors").fingerprint != Kind().fingerprint


def test_no_sender_is_on_two_sides(shared_data: Path) -> None:
    found = examples(shared_data)
    parts = {part: [one for one in found if one.part == part] for part in ("train", "validation", "test")}
    assert sum(map(len, parts.values())) == len(found) == 3781
    assert {one.photo.parts[-3] for one in parts["test"]} == {"test"} and len(parts["test"]) == 372
    senders = {part: {one.sender for one in several} for part, several in parts.items()}
    for one, other in (("train", "validation"), ("train", "test"), ("validation", "test")):
        assert not senders[one] & senders[other]
    for sender in senders["validation"]:
        assert sum(one.sender == sender for one in found) <= LARGE
    for part in parts.values():
        assert {CATEGORIES[one.category] for one in part} == set(CATEGORIES)
        assert all(one.photo.parent.name == CATEGORIES[one.category] for one in part)


def test_it_names_real_garments(shared_data: Path) -> None:
    """Forty photos of the test part, whole: nearly all are named right by what training learned."""
    test = [one for one in examples(shared_data) if one.part == "test"][::9][:40]
    rows = Kind().extract([decode(one.photo.read_bytes()) for one in test])
    named = load_kind(SHIPPED).chances(rows).argmax(1)
    right = sum(int(said) == one.category for said, one in zip(named, test, strict=True))
    assert right >= 34


def test_photos_that_the_network_knows(shared_data: Path) -> None:
    """Those of the train and validation parts, saved anew too; none of the test part."""
    import io

    from PIL import Image

    from indexer.decode import decode, read_picture
    from indexer.kinds.taught import taught_photos
    from indexer.phash import phash

    def hashes(part: str) -> np.ndarray:
        photos = sorted((shared_data / "clothing" / part).rglob("*.jpg"))[::40][:12]
        found = []
        for photo in photos:
            anew = io.BytesIO()
            with Image.open(photo) as image:
                image.convert("RGB").save(anew, "JPEG", quality=70)
            found += [phash(read_picture(photo)), phash(decode(anew.getvalue()))]
        return np.array(found, np.uint64)

    assert taught_photos(hashes("train")).all() and taught_photos(hashes("validation")).all()
    assert not taught_photos(hashes("test")).any()
