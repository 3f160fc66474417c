"""DeepLabV3+ with the shipped weights: regions from chances, masks at a picture's size, real and rendered photos."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from engine.errors import InputError
from indexer.decode import decode
from indexer.demo import Background, random_garment, random_shot, render
from indexer.demo.spec import BACKGROUNDS
from indexer.garments.choose import product_garments
from indexer.garments.classes import CLASSES, FOLDER_KINDS, GARMENTS, LOOK_INTO_PERSON
from indexer.garments.deeplab import SHIPPED, DeepLab, prepare
from indexer.garments.garment import Garment
from indexer.garments.network import PLACES, SIZE, deeplab, load_weights
from indexer.garments.pieces import components, joined
from indexer.garments.regions import Layout, garments_of, layout
from indexer.garments.training.cache import RENDERED_KINDS, label_table
from indexer.garments.training.split import flat_photos, street_photos
from indexer.runtime.openvino_runtime import OpenVinoRuntime
from indexer.runtime.torch_runtime import TorchRuntime

FIRST = CLASSES.index(GARMENTS[0])


@pytest.fixture(scope="module")
def finder() -> DeepLab:
    return DeepLab(device="cpu")


def union(garments: list[Garment], size: tuple[int, ...]) -> np.ndarray:
    mask = np.zeros(size, bool)
    for garment in garments:
        mask |= garment.mask
    return mask


def overlap(found: np.ndarray, truth: np.ndarray) -> float:
    return (found & truth).sum() / max(1, (found | truth).sum())


def painted(*areas: tuple[str, float, tuple[slice, slice]]) -> np.ndarray:
    """Chances of 96 x 72 places: background, with rectangles of other classes at this chance."""
    chances = np.zeros((len(CLASSES), *PLACES), np.float32)
    chances[0] = 1
    for name, chance, (rows, columns) in areas:
        chances[:, rows, columns] = (1 - chance) / (len(CLASSES) - 1)
        chances[CLASSES.index(name), rows, columns] = chance
    return chances


def seen(chances: np.ndarray, colours: np.ndarray | None = None) -> Layout:
    """What is laid out where every class has a colour of its own."""
    palette = np.array([(n % 3, n // 3 % 3, n // 9) for n in range(len(CLASSES))], np.float32) * 120
    return layout(chances, palette[chances.argmax(0)] if colours is None else colours)


FACE = ("person", 0.9, (slice(4, 14), slice(30, 42)))


def test_pieces_are_those_of_scipy() -> None:
    rng = np.random.default_rng(0)
    for _ in range(40):
        smooth = ndimage.gaussian_filter(rng.random((37, 29)), rng.uniform(0.1, 2))
        values = np.digitize(smooth, np.quantile(smooth, [0.4, 0.7]))
        pieces = components(values)
        pairs, count = set(), 0
        for value in range(3):
            known, number = ndimage.label(values == value)
            pairs |= set(zip((known + 1000 * value)[known > 0].tolist(), pieces[known > 0].tolist(), strict=True))
            count += number
        assert len(pairs) == count == len(np.unique(pieces))


def test_worn_garments_stay_apart() -> None:
    top, skirt = (slice(16, 44), slice(20, 52)), (slice(44, 80), slice(16, 56))
    found = seen(painted(FACE, ("top", 0.8, top), ("skirt", 0.7, skirt)))
    assert set(found.scores) == {"top", "skirt"}
    assert found.confidences["top"] == pytest.approx(0.8)
    masks = {garment.kind: garment.mask for garment in garments_of(found, (960, 720))}
    assert list(masks) == ["skirt", "top"]
    truth = np.zeros((960, 720), bool)
    truth[160:440, 200:520] = True
    assert overlap(masks["top"], truth) > 0.97
    assert not (masks["top"] & masks["skirt"]).any()


def test_a_speck_inside_another_garment_becomes_its() -> None:
    speck = (slice(30, 31), slice(30, 33))
    found = seen(painted(FACE, ("top", 0.8, (slice(16, 60), slice(20, 52))), ("bag", 0.7, speck)))
    assert set(found.scores) == {"top"}
    (garment,) = garments_of(found, (960, 720))
    assert garment.mask[310, 310]


def test_parts_of_one_colour_are_one_garment() -> None:
    """The network calls a blouse's lower half a dress; its colour tells that it goes on, and that the skirt is new."""
    areas = ("top", 0.8, (slice(16, 44), slice(20, 52))), ("dress", 0.6, (slice(44, 56), slice(20, 52)))
    skirt = ("skirt", 0.8, (slice(56, 80), slice(16, 56)))
    chances = painted(FACE, *areas, skirt)
    colours = np.zeros((*PLACES, 3), np.float32)
    colours[16:56] = 200
    found = seen(chances, colours)
    assert set(found.scores) == {"top", "skirt"}
    masks = {garment.kind: garment.mask for garment in garments_of(found, PLACES)}
    truth = np.zeros(PLACES, bool)
    truth[16:56, 20:52] = True
    assert overlap(masks["top"], truth) > 0.97
    colours[44:56] = 120  # a garment of another colour stays one of its own
    assert set(seen(chances, colours).scores) == {"top", "dress", "skirt"}
    colours[:] = 80  # trousers are never a part of a top, whatever their colour
    assert set(seen(painted(FACE, areas[0], ("trousers", 0.8, skirt[2])), colours).scores) == {"top", "trousers"}


def test_joining_leaves_what_is_no_garment() -> None:
    winners = np.full((9, 7), -1)
    garments = np.random.default_rng(0).random((len(GARMENTS), 9, 7)).astype(np.float32)
    np.testing.assert_array_equal(joined(winners, garments, np.zeros((9, 7, 3), np.float32), 0.0), garments.argmax(0))


def test_specks_on_the_background_are_dropped() -> None:
    found = seen(
        painted(FACE, ("bag", 0.9, (slice(50, 51), slice(5, 7))), ("dress", 0.9, (slice(16, 80), slice(20, 50))))
    )
    assert set(found.scores) == {"dress"}
    (garment,) = garments_of(found, (480, 360))
    assert not garment.mask[:, :80].any()


def test_without_a_person_connected_cloth_is_one_garment() -> None:
    shirt, hem = ("top", 0.8, (slice(16, 60), slice(20, 52))), ("skirt", 0.8, (slice(60, 76), slice(20, 52)))
    (garment,) = garments_of(seen(painted(shirt, hem)), (96, 72))
    assert garment.kind == "top"
    assert garment.mask.sum() == pytest.approx(60 * 32, rel=0.05)
    pair = ("footwear", 0.9, (slice(10, 40), slice(5, 20))), ("footwear", 0.9, (slice(50, 80), slice(40, 60)))
    (shoes,) = garments_of(seen(painted(*pair)), (96, 72))
    assert shoes.kind == "footwear"
    assert ndimage.label(shoes.mask)[1] == 2


def test_legs_without_skin_keep_their_garments_apart() -> None:
    coat, trousers = ("outer", 0.8, (slice(5, 40), slice(20, 52))), ("trousers", 0.8, (slice(40, 85), slice(24, 48)))
    garments = garments_of(seen(painted(coat, trousers)), PLACES)
    assert {garment.kind for garment in garments} == {"outer", "trousers"}


def test_nothing_seen() -> None:
    assert garments_of(seen(painted()), (40, 30)) == []
    assert garments_of(seen(painted(FACE)), (40, 30)) == []


@pytest.mark.parametrize("size", [(96, 72), (1, 1), (7, 400), (533, 400), (300, 600)])
def test_masks_have_the_pictures_size(finder: DeepLab, size: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    (garments,) = finder.find([rng.integers(0, 256, (*size, 3), dtype=np.uint8)])
    assert all(garment.mask.shape == size for garment in garments)
    whole = seen(painted(("dress", 0.9, (slice(0, 96), slice(0, 72)))))
    (garment,) = garments_of(whole, size)
    assert garment.mask.all()


def test_no_pictures(finder: DeepLab) -> None:
    assert finder.find([]) == []


def test_runtimes_agree_on_a_real_photo(shared_data: Path) -> None:
    """OpenVINO, torch, and segmentation-models-pytorch's module with the same weights put back."""
    torch = pytest.importorskip("torch")
    from indexer.garments.training.export import exported
    from indexer.garments.training.model import build_model, logits_at_stride_4

    files = [example.photo for example in street_photos(shared_data) if example.part == "test"][:3]
    batch = np.stack([prepare(decode(file.read_bytes()).rgb) for file in files])
    weights = load_weights(SHIPPED)
    by_torch = TorchRuntime(deeplab(weights), "cpu")(batch)
    by_openvino = OpenVinoRuntime(deeplab(weights))(batch)
    assert np.abs(by_torch - by_openvino).max() < 0.1 * np.abs(by_torch).max()
    winners = [logits.reshape(-1, len(CLASSES), *PLACES).argmax(1) for logits in (by_torch, by_openvino)]
    assert (winners[0] == winners[1]).mean() > 0.985

    torch.manual_seed(0)
    model = build_model(pretrained=False).eval()
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.2)
            module.running_var.uniform_(0.5, 2)
    state = model.state_dict()
    for name, value in weights.items():  # the encoder's as shipped, under timm's names
        if name.startswith("stem"):
            state["encoder.model." + name.replace("stem", "conv_stem")] = torch.tensor(value)
        elif name.startswith("blocks"):
            first = name.split(".")[1] == "0"
            roles = {"depthwise": "conv_dw", "project": "conv_pw" if first else "conv_pwl", "expand": "conv_pw"}
            *place, role, part = name.split(".")
            state["encoder.model." + ".".join([*place, roles[role], part])] = torch.tensor(value)
    model.load_state_dict(state)
    with torch.inference_mode():
        pictures = (torch.tensor(batch).permute(0, 3, 1, 2).float() - 127) / 128
        want = logits_at_stride_4(model, pictures).flatten(1).numpy()
    got = TorchRuntime(deeplab(exported(model.state_dict())), "cpu")(batch)
    np.testing.assert_allclose(got, want, atol=1e-3 * np.abs(want).max())


def test_street_photos(finder: DeepLab, shared_data: Path) -> None:
    table = label_table(shared_data)
    examples = [example for example in street_photos(shared_data) if example.part == "test"][::14]
    shares = []
    found = finder.find([decode(example.photo.read_bytes()).rgb for example in examples])
    for example, garments in zip(examples, found, strict=True):
        truth = table[np.asarray(Image.open(example.mask))] >= FIRST
        shares.append(overlap(union(garments, truth.shape), truth))
        assert [garment.mask.sum() for garment in garments] == sorted((g.mask.sum() for g in garments), reverse=True)
        assert all(0 < garment.confidence <= 1 for garment in garments)
        assert len({garment.kind for garment in garments}) == len(garments)
    assert np.mean(shares) > 0.75


def test_flat_photos(finder: DeepLab, shared_data: Path) -> None:
    examples = [example for example in flat_photos(shared_data) if example.part == "test"][::18]
    shares, right = [], []
    found = finder.find([decode(example.photo.read_bytes()).rgb for example in examples])
    for example, garments in zip(examples, found, strict=True):
        product = product_garments(garments, None)[0]
        truth = np.asarray(Image.open(example.mask).convert("L").resize(product.mask.shape[::-1])) > 127
        shares.append(overlap(product.mask, truth))
        right.append(product.kind == FOLDER_KINDS[example.kind])
    assert np.mean(shares) > 0.85
    assert np.mean(right) > 0.6


def test_upper_bodies_worn_in_a_shop(finder: DeepLab, shared_data: Path) -> None:
    root = shared_data / "worn-to-product"
    ids = [number for kind in ("top", "outer", "dress") for number in LOOK_INTO_PERSON[kind]]
    with (root / "pairs.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))[::40]
    found = finder.find([decode((root / row["worn"]).read_bytes()).rgb for row in rows])
    shares = []
    for row, garments in zip(rows, found, strict=True):
        truth = np.isin(np.asarray(Image.open(root / row["parse"])), ids)
        upper = [garment for garment in garments if garment.kind in ("top", "outer", "dress")]
        shares.append(overlap(union(upper, truth.shape), truth))
    assert np.mean(shares) > 0.7


def test_rendered_garments_before_every_background(finder: DeepLab) -> None:
    shares = []
    for number, ground in enumerate(BACKGROUNDS * 2):
        garment = random_garment(810_000 + number)
        shot = random_shot(810_000 + number, 1)
        photo = render(
            garment, type(shot)(**{**vars(shot), "background": Background(ground, shot.background.rgb, number)})
        )
        first = product_garments(finder.find([photo.rgb])[0], garment.category)[0]
        shares.append(overlap(first.mask, photo.mask))
        assert first.kind in (RENDERED_KINDS[garment.category], "top", "dress")
    assert np.mean(shares) > 0.88
    assert min(shares) > 0.6


def test_order_is_kept_over_batches(finder: DeepLab) -> None:
    pictures = [
        render(random_garment(seed), random_shot(seed, 0, (180, 240))).rgb for seed in range(820_000, 820_003)
    ] * 24
    found = finder.find(pictures)
    assert len(found) == 72
    assert [g.kind for g in found[0]] == [g.kind for g in found[69]]
    np.testing.assert_array_equal(found[2][0].mask, found[71][0].mask)


def test_what_the_network_sees() -> None:
    assert prepare(np.zeros((33, 77, 3), np.uint8)).shape == (*SIZE, 3)


def test_wrong_weights(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no weights of garment masks"):
        DeepLab(tmp_path / "none.safetensors")
    (tmp_path / "text.safetensors").write_text("hello")
    with pytest.raises(InputError, match="not a safetensors file"):
        DeepLab(tmp_path / "text.safetensors").find([np.zeros((9, 9, 3), np.uint8)])
    with pytest.raises(InputError, match="0 classes apart"):
        DeepLab(SHIPPED.parent / "vgg16.safetensors").find([np.zeros((9, 9, 3), np.uint8)])
    lacking = load_weights(SHIPPED)
    del lacking["fine.bias"]
    with pytest.raises(InputError, match=r"fine\.bias is missing"):
        deeplab(lacking)


def test_fingerprint_names_the_weights(tmp_path: Path, finder: DeepLab) -> None:
    copy = tmp_path / "copy.safetensors"
    copy.write_bytes(SHIPPED.read_bytes())
    assert DeepLab(copy).fingerprint == finder.fingerprint
    copy.write_bytes(SHIPPED.read_bytes() + b"\0")
    assert DeepLab(copy).fingerprint != finder.fingerprint
    assert len(finder.fingerprint) == 16


def test_a_cpu_needs_no_torch() -> None:
    """In another process, because this one has torch."""
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "import numpy as np\n"
        "from indexer.garments.deeplab import DeepLab\n"
        "(found,) = DeepLab(device='cpu').find([np.full((90, 60, 3), 200, np.uint8)])\n"
        "assert 'torchvision' not in sys.modules and 'scipy' not in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
