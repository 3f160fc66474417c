"""The example package of docs/new-space.md is installed, found by its entry point, and run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "docs" / "examples" / "houndstooth-efficientnet-lite0"

RUN = """
import json, sys
import numpy as np
from pathlib import Path
from indexer.decode import decode
from indexer.spaces.registry import available, load

space = load("efficientnet_lite0")
files = [Path(name) for name in sys.argv[1:]]
vectors = space.extract([decode(file.read_bytes()) for file in files])
print(json.dumps({
    "available": list(available()),
    "from": sys.modules[type(space).__module__].__file__,
    "fingerprint": space.fingerprint,
    "dtype": str(vectors.dtype),
    "shape": vectors.shape,
    "lengths": np.linalg.norm(vectors, axis=1).tolist(),
    "similar": (vectors @ vectors.T).tolist(),
}))
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package installed by pip into an empty folder, from a copy so that no build leaves files in the tree."""
    folder = tmp_path_factory.mktemp("plug-in")
    for name in ("pyproject.toml", "README.md", "houndstooth_efficientnet_lite0.py"):
        (folder / name).write_bytes((EXAMPLE / name).read_bytes())
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--no-index"]
    done = subprocess.run(
        [*pip, "--no-build-isolation", "--target", str(folder / "site"), str(folder)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return folder / "site"


def test_is_found_by_its_entry_point_and_run(installed: Path, shared_data: Path) -> None:
    validation = shared_data / "clothing" / "validation"
    shoes, trousers = (sorted((validation / label).iterdir())[:3] for label in ("shoes", "pants"))
    done = subprocess.run(
        [sys.executable, "-c", RUN, *map(str, [*shoes, *trousers])],
        env={**os.environ, "PYTHONPATH": str(installed)}, cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert {"colour", "efficientnet_lite0", "palette", "vgg"} <= set(told["available"])
    assert Path(told["from"]).is_relative_to(installed)
    assert told["shape"] == [6, 1280]
    assert told["dtype"] == "float32"
    assert told["lengths"] == pytest.approx([1] * 6, abs=1e-5)
    similar = told["similar"]
    alike = [similar[i][j] for i in range(6) for j in range(i) if (i < 3) == (j < 3)]
    unlike = [similar[i][j] for i in range(3) for j in range(3, 6)]
    assert sum(alike) / len(alike) > sum(unlike) / len(unlike) + 0.05


def test_the_document_shows_the_code_that_runs() -> None:
    """Indented code blocks of docs/new-space.md that name a file are parts of that file."""
    document = (ROOT / "docs" / "new-space.md").read_text()
    code = (EXAMPLE / "houndstooth_efficientnet_lite0.py").read_text()
    project = (EXAMPLE / "pyproject.toml").read_text()
    blocks = document.split("```")[1::2]
    shown = [block.partition("\n")[2].strip() for block in blocks if block.startswith(("python", "toml"))]
    assert len(shown) >= 3
    for block in shown:
        assert block in code or block in project, block
