"""The command line as a process: what it loads, how it ends, what it writes where."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

HOUNDSTOOTH = [sys.executable, "-m", "houndstooth"]
HEAVY = (
    "faiss", "cv2", "openvino", "torch", "torchvision", "sklearn", "scipy", "pandas", "pyarrow", "numpy", "sqlalchemy",
    "alembic", "sqlglot", "PIL", "simplejpeg", "safetensors", "jinja2", "tqdm", "tabulate",
)  # fmt: skip
BATCH = 128  # files a batch, indexer.plan


def run(*arguments: object, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*HOUNDSTOOTH, *map(str, arguments)], capture_output=True, text=True, input=stdin, timeout=120, check=False
    )


def loaded(code: str) -> set[str]:
    """Top-level modules that a fresh interpreter has after `code`, with standard output thrown away."""
    script = (
        f"import contextlib, io, sys\nwith contextlib.redirect_stdout(io.StringIO()):\n    try:\n        {code}\n"
        "    except SystemExit: pass\nprint(' '.join(sorted({name.split('.')[0] for name in sys.modules})))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize(
    "code",
    [
        "import houndstooth",
        "import houndstooth; dir(houndstooth); houndstooth.open; houndstooth.errors.SpaceError",
        "from houndstooth.cli import main; main(['--help'])",
        "from houndstooth.cli import main; main(['--version'])",
        "from houndstooth.cli import main; main(['smilar'])",
        "from houndstooth.cli import main; main(['similar', '--help'])",
        "from houndstooth.cli import main; main(['index', '--help'])",
        "from houndstooth.cli import main; main(['export', 'clusters', '--help'])",
    ],
)
def test_nothing_heavy_loads_before_it_is_used(code: str) -> None:
    assert loaded(code) & set(HEAVY) == set()


def test_asking_by_id_loads_only_what_it_needs(demo) -> None:
    arguments = ["similar", "--id", "P0003", "-k", "3", "--where", "price > 0", "-c", str(demo.catalog)]
    there = loaded(f"from houndstooth.cli import main; main({arguments!r})")
    assert {"numpy", "sqlalchemy"} <= there
    assert there & {"openvino", "torch", "torchvision", "pyarrow", "alembic", "faiss", "cv2", "PIL", "jinja2"} == set()


def test_asking_by_photo_loads_no_torch(demo, tmp_path: Path) -> None:
    other = tmp_path / "other.png"
    Image.open(demo.photo("P0003")).resize((200, 260)).save(other)
    there = loaded(f"from houndstooth.cli import main; main(['similar', {str(other)!r}, '-c', {str(demo.catalog)!r}])")
    assert "openvino" in there and there & {"torch", "torchvision", "cv2", "sklearn", "scipy", "pandas"} == set()


def test_exit_codes(demo, tmp_path: Path) -> None:
    assert run("--version").stdout.startswith("houndstooth, version ")
    assert run("info", "-c", demo.catalog).returncode == 0
    assert run("similar", "--id", "P0003", "--where", "price >", "-c", demo.catalog).returncode == 2
    assert run("info", "-c", tmp_path / "none").returncode == 3
    unknown = run("smilar")
    assert unknown.returncode == 2 and "Did you mean 'similar'?" in unknown.stderr and unknown.stdout == ""


def test_stdout_is_pure_json_and_stderr_quiet_without_a_terminal(shop, tmp_path: Path) -> None:
    done = run("index", shop.table, "-c", shop.catalog, "--format", "json")
    assert done.returncode == 0 and json.loads(done.stdout)["unchanged"] == len(shop.rows)
    assert done.stderr == ""
    for arguments in (["cluster", "colour", "-k", 3], ["check"], ["info"], ["similar", "--id", "P0001"]):
        done = run(*arguments, "-c", shop.catalog, "--format", "json")
        assert done.returncode == 0 and isinstance(json.loads(done.stdout), dict) and done.stderr == ""
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "broken.jpg").write_bytes(b"\xff\xd8\xff")
    done = run("index", tmp_path / "bad", "--spaces", "colour", "-c", tmp_path / "c", "--format", "json")
    assert json.loads(done.stdout)["failed"] == 1
    text = run("index", tmp_path / "bad", "--spaces", "colour", "-c", tmp_path / "c")
    assert "broken.jpg" in text.stderr and "broken.jpg" not in text.stdout and "\r" not in text.stderr


def test_a_terminal_gets_a_progress_bar(shop) -> None:
    import fcntl
    import pty
    import struct
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 100, 0, 0))
    command = [*HOUNDSTOOTH, "index", str(shop.table), "-c", str(shop.catalog), "--format", "json"]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=theirs, timeout=120, check=True)
    os.close(theirs)
    shown = os.read(ours, 65536).decode()
    os.close(ours)
    assert json.loads(done.stdout)["unchanged"] == len(shop.rows)
    assert f"{len(shop.rows)}/{len(shop.rows)}" in shown and "photos/s" in shown


def test_page_and_json_together(demo, tmp_path: Path) -> None:
    done = run("similar", "--id", "P0003", "--html", tmp_path / "h.html", "--format", "json", "-c", demo.catalog)
    assert json.loads(done.stdout)["hits"] and "Wrote" in done.stderr


def test_batch_from_standard_input(demo) -> None:
    done = run("similar", "--batch", "-", "-k", 1, "-c", demo.catalog, stdin="id:P0001\nid:P0002\n")
    assert done.returncode == 0 and [len(json.loads(line)["hits"]) for line in done.stdout.splitlines()] == [1, 1]


def test_a_reader_that_goes_away_is_no_error(demo, tmp_path: Path) -> None:
    queries = tmp_path / "queries.txt"
    queries.write_text("id:P0001\n" * 300)
    script = f"{sys.executable} -m houndstooth similar"
    for command in (
        f"{script} --batch {queries} -k 40 -c {demo.catalog} | head -n 1",
        f"{script} --id P0001 -c {demo.catalog} | true",
        f"{script} --id P0001 -k 40 --group image -c {demo.catalog} --format csv | head -n 1",
    ):
        done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0 and done.stderr == "", (command, done.stderr)


@pytest.fixture
def many(tmp_path: Path) -> tuple[Path, int]:
    """Enough small photos for a dozen batches."""
    folder, count = tmp_path / "photos", 12 * BATCH
    folder.mkdir()
    noise = np.random.default_rng(3)
    for number in range(count):
        Image.fromarray(noise.integers(0, 256, (160, 120, 3), dtype=np.uint8)).save(folder / f"{number:04d}.bmp")
    return folder, count


def start(folder: Path, catalog: Path) -> subprocess.Popen[str]:
    """Index in another process, and wait until something of it is published."""
    command = [*HOUNDSTOOTH, "index", str(folder), "--spaces", "colour,palette", "-c", str(catalog), "--format", "json"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while published(catalog) == 0:
        assert process.poll() is None and time.monotonic() < deadline, process.communicate()
        time.sleep(0.01)
    return process


def published(catalog: Path) -> int:
    if not (catalog / "catalog.db").exists():
        return 0
    connection = sqlite3.connect(f"file:{catalog / 'catalog.db'}?mode=ro", uri=True, timeout=30)
    try:
        return int(connection.execute("SELECT COUNT(*) FROM image WHERE removed IS NULL").fetchone()[0])
    except sqlite3.OperationalError:  # the tables are not there yet
        return 0
    finally:
        connection.close()


def finish(folder: Path, catalog: Path, count: int, kept: int) -> None:
    """The next run goes on where the last one stopped, and everything is there once."""
    assert run("check", "-c", catalog).returncode == 0
    told = json.loads(run("index", folder, "-c", catalog, "--format", "json").stdout)
    assert (told["seen"], told["unchanged"], told["indexed"], told["failed"]) == (count, kept, count - kept, 0)
    assert published(catalog) == count
    assert run("check", "-c", catalog).returncode == 0


def test_ctrl_c_finishes_the_batch(many: tuple[Path, int], tmp_path: Path) -> None:
    folder, count = many
    process = start(folder, tmp_path / "c")
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "Finishing the batch" in err and "Traceback" not in err
    assert err.endswith("\nStopped early: run the same command again to go on.\n")
    told = json.loads(out)
    kept = published(tmp_path / "c")
    assert told["interrupted"] is True and told["reconciled"] is True
    assert told["seen"] == told["indexed"] == kept and 0 < kept < count and kept % BATCH == 0
    finish(folder, tmp_path / "c", count, kept)


def test_a_second_ctrl_c_ends_at_once(many: tuple[Path, int], tmp_path: Path) -> None:
    folder, count = many
    process = start(folder, tmp_path / "c")
    process.send_signal(signal.SIGINT)
    assert process.stderr is not None
    said = [process.stderr.readline(), process.stderr.readline()]  # two signals at once would count as one
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert said == ["\n", "Finishing the batch. Press Ctrl-C again to stop at once.\n"]
    assert (out, err) == ("", "Stopped.\n")
    finish(folder, tmp_path / "c", count, published(tmp_path / "c"))


def test_sigterm_ends_like_ctrl_c(many: tuple[Path, int], tmp_path: Path) -> None:
    folder, count = many
    process = start(folder, tmp_path / "c")
    process.terminate()
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 130 and json.loads(out)["interrupted"] is True
    assert 0 < published(tmp_path / "c") < count


def test_ctrl_c_before_anything_began(tmp_path: Path, demo) -> None:
    process = subprocess.Popen(
        [*HOUNDSTOOTH, "similar", "--batch", "-", "-c", str(demo.catalog)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdin is not None and process.stdout is not None
    process.stdin.write("id:P0001\n" * 200)
    process.stdin.flush()
    os.read(process.stdout.fileno(), 10)  # it answers: now it waits for more
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130 and "Stopped." in err and "Traceback" not in err


def test_two_writers_the_second_is_told(many: tuple[Path, int], tmp_path: Path) -> None:
    folder, _ = many
    process = start(folder, tmp_path / "c")
    try:
        second = run("index", folder, "-c", tmp_path / "c")
        assert second.returncode == 3 and "another process is writing" in second.stderr
        reader = run("similar", "--colour", "grey", "-k", 3, "--format", "json", "-c", tmp_path / "c")
        assert reader.returncode == 0 and len(json.loads(reader.stdout)["hits"]) == 3
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
