"""The wheel, built and installed into an empty environment, as a user gets it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LIMIT_MB = 600
OFFLINE = ("No matching distribution", "Could not find a version", "ConnectionError", "NewConnectionError", "timed out")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    to = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(to), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return next(to.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with nothing but the wheel, its `cpu` extra, and what they need."""
    place = tmp_path_factory.mktemp("empty") / "environment"
    venv.create(place, with_pip=False)
    command = [
        sys.executable, "-m", "pip", "--python", str(place / "bin" / "python"), "install", "--quiet",
        "--disable-pip-version-check", "--constraint", str(ROOT / "constraints.txt"),
        f"houndstooth[cpu] @ {wheel.as_uri()}",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    if done.returncode and any(sign in done.stderr for sign in OFFLINE):
        pytest.skip(f"pip cannot reach the packages that the wheel needs: {done.stderr.strip().splitlines()[-1]}")
    assert done.returncode == 0, done.stderr
    return place


def packages(environment: Path) -> Path:
    return next((environment / "lib").glob("python3.*")) / "site-packages"


def run(environment: Path, folder: Path, *arguments: str) -> str:
    """`houndstooth ARGUMENTS` of that environment, with nothing of this one."""
    keep = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "HOUNDSTOOTH", "VIRTUAL"))}
    command = [str(environment / "bin" / "houndstooth"), *arguments]
    done = subprocess.run(command, cwd=folder, env=keep, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_wheel_holds_what_runs_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == {
        "engine", "houndstooth", "indexer", "migrations",
    }  # fmt: skip
    for needed in (
        "migrations/env.py", "migrations/versions/0001_first.py", "migrations/versions/0002_garments.py",
        "migrations/versions/0003_maps.py", "indexer/weights/vgg16.safetensors",
        "indexer/weights/vgg16_projection.safetensors", "indexer/weights/garments.safetensors",
        "indexer/weights/pattern.safetensors", "indexer/weights/kind.safetensors",
        "indexer/weights/kind_photos.npy",
        "indexer/weights/label_category.safetensors", "indexer/weights/label_maxi.safetensors",
        "engine/py.typed", "indexer/py.typed", "houndstooth/py.typed",
        "engine/pages/templates/style.css", "engine/pages/templates/tokens.css", "engine/pages/built/map.html",
    ):  # fmt: skip
        assert needed in names, needed
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert not any(name.endswith((".pyc", ".orig")) or "/tests/" in name for name in names)
    assert wheel.stat().st_size < 30e6


def test_the_whole_install_is_small_and_has_no_torch(installed: Path) -> None:
    place = packages(installed)
    names = {path.name.split("-")[0].lower() for path in place.iterdir()}
    assert not names & {"torch", "torchvision", "cv2", "scipy", "sklearn", "pandas", "nvidia"}
    assert {"houndstooth", "engine", "indexer", "migrations", "openvino", "faiss"} <= names
    size = sum(path.stat().st_size for path in place.rglob("*") if path.is_file() and not path.is_symlink())
    print(f"\ninstalled: {size / 1e6:.0f} MB in {place}")
    assert size < LIMIT_MB * 1e6


def test_it_draws_indexes_migrates_searches_and_checks(installed: Path, tmp_path: Path) -> None:
    assert "Drew" in run(installed, tmp_path, "demo", "demo", "--products", "6")
    told = json.loads(run(installed, tmp_path, "index", "demo/products.csv", "-c", "c", "--format", "json"))
    assert told["indexed"] == told["seen"] >= 12 and told["failed"] == 0
    assert "up to date" in run(installed, tmp_path, "migrate", "-c", "c")
    photo = sorted((tmp_path / "demo" / "photos").rglob("*.jpg"))[0]
    hits = json.loads(
        run(
            installed, tmp_path, "similar", str(photo), "-k", "3", "--where", "price > 0", "--format", "json", "-c", "c"
        )
    )["hits"]
    assert len(hits) == 3 and hits[0]["image"] == str(photo)
    run(installed, tmp_path, "similar", "--id", "P0001", "--html", "hits.html", "-c", "c")
    assert "data:image/jpeg" in (tmp_path / "hits.html").read_text(encoding="utf-8")
    run(installed, tmp_path, "cluster", "colour", "-k", "3", "-c", "c")
    run(installed, tmp_path, "export", "clusters", "colour", "--to", "clusters.parquet", "-c", "c")
    assert "all is well" in run(installed, tmp_path, "check", "-c", "c")


def test_it_migrates_a_catalog_that_is_older_than_it(installed: Path, tmp_path: Path) -> None:
    """The installed program becomes one whose migrations go one further, and then what it was again."""
    run(installed, tmp_path, "demo", "demo", "--products", "4")
    run(installed, tmp_path, "index", "demo/products.csv", "--spaces", "colour", "-c", "c")
    schema = packages(installed) / "engine" / "schema.py"
    more = packages(installed) / "migrations" / "versions" / "9001_more.py"
    before = schema.read_text(encoding="utf-8")
    head = re.search(r'^HEAD = "(\d+)"$', before, re.MULTILINE)
    assert head
    try:
        schema.write_text(before.replace(head[0], 'HEAD = "9001"'), encoding="utf-8")
        more.write_text(
            "import sqlalchemy as sa\nfrom alembic import op\n"
            f'revision = "9001"\ndown_revision = "{head[1]}"\n'
            'def upgrade():\n    op.add_column("product", sa.Column("note", sa.Text()))\n',
            encoding="utf-8",
        )
        assert f"from schema {head[1]} to 9001" in run(installed, tmp_path, "migrate", "-c", "c")
        assert [path.name[:-20] for path in (tmp_path / "c" / "backups").iterdir()] == [f"catalog-{head[1]}"]
        hits = json.loads(run(installed, tmp_path, "similar", "--id", "P0001", "--format", "json", "-c", "c"))["hits"]
        assert len(hits) == 3
        assert "all is well" in run(installed, tmp_path, "check", "-c", "c")
    finally:
        schema.write_text(before, encoding="utf-8")
        more.unlink(missing_ok=True)
