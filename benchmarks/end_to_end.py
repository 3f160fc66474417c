"""The whole main job on real photos, timed and held against plain loops over the same vectors.

    python benchmarks/end_to_end.py --photos clothing

Indexes every photo, indexes again, searches under filters, clusters, exports, removes and checks. Prints what each step
took, and exits with 1 when an answer differs from brute force.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

import houndstooth
from houndstooth import Catalog

FILTERS = {
    "about 50 %": "category in ('t-shirt', 'pants', 'longsleeve')",
    "about 5 %": "category = 'shorts' and not folder like 'validation%'",
    "about 0.5 %": "category = 'hat' and folder like 'test%'",
    "all": "",
}
QUERIES = 25


@dataclass
class Steps:
    """Seconds a step, and what went wrong."""

    seconds: dict[str, float] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time a step."""
        started = time.perf_counter()
        yield
        self.seconds[name] = round(time.perf_counter() - started, 2)

    def expect(self, holds: bool, what: str) -> None:
        """Note what does not hold."""
        if not holds:
            self.wrong.append(what)


def compare_with_brute_force(catalog: Catalog, folder: Path, steps: Steps) -> dict[str, float]:
    """recall@10 of filtered product searches against a plain loop over the exported vectors; name -> recall."""
    catalog.export("vgg", folder / "vgg.npy")
    rows = np.load(folder / "vgg.npy")
    table = pq.read_table(folder / "vgg.parquet").to_pylist()
    chosen = np.random.default_rng(0).choice(len(rows), QUERIES, replace=False)
    recalls: dict[str, float] = {}
    for name, where in FILTERS.items():
        found = wanted = 0
        for query in chosen:
            hits = catalog.similar(f"id:{table[query]['product']}", using={"vgg": 1}, where=where, k=10).hits
            passing = [
                (float(rows[query] @ rows[other]), table[other]["product"])
                for other in range(len(rows))
                if other != query and passes(where, table[other])
            ]
            best = {product for _, product in sorted(passing, reverse=True)[:10]}
            steps.expect(len(hits) == min(10, len(passing)), f"short result under {name}: {len(hits)}")
            found, wanted = found + len(best & {hit.product for hit in hits}), wanted + len(best)
        recalls[name] = round(found / wanted, 4)
        steps.expect(recalls[name] >= 0.99, f"recall {recalls[name]} under {name}")
    return recalls


def passes(where: str, row: dict[str, object]) -> bool:
    """The filters above, written again in Python."""
    category, folder = row["category"], str(row["folder"])
    if where == FILTERS["about 50 %"]:
        return category in {"t-shirt", "pants", "longsleeve"}
    if where == FILTERS["about 5 %"]:
        return category == "shorts" and not folder.startswith("validation")
    if where == FILTERS["about 0.5 %"]:
        return category == "hat" and folder.startswith("test")
    return True


def run(photos: Path, folder: Path) -> tuple[Steps, dict[str, object]]:
    """Every step, in a catalog inside `folder`."""
    steps = Steps()
    catalog = houndstooth.open(folder / "real.catalog", create=True)
    with steps.step("index"):
        first = catalog.index(photos)
    with steps.step("index again"):
        again = catalog.index(photos)
    steps.expect(first.counts.reconciled and again.counts.reconciled, "totals do not add up")
    steps.expect(again.counts.unchanged == first.counts.seen - first.counts.failed, "not all unchanged the second time")
    with steps.step("search, 100 filtered queries"):
        recalls = compare_with_brute_force(catalog, folder, steps)
    with steps.step("cluster"):
        run = catalog.cluster("colour", k=12)
    for name in ("clusters.csv", "clusters.jsonl", "clusters.parquet", "clusters.html"):
        with steps.step(f"export {name}"):
            catalog.export(run, folder / name)
    steps.expect(pq.read_table(folder / "clusters.parquet").num_rows == run.rows, "export lost rows")
    with steps.step("check"):
        report = catalog.check()
    steps.expect(report.clean, f"check: {report.findings[:3]}")
    with steps.step("remove"):
        catalog.remove(catalog.plan_removal(where="category = 'shoes'"))
    steps.expect(not catalog.similar("id:" + first_product(catalog), where="category = 'shoes'").hits, "shoes are back")
    steps.expect(catalog.check().clean, "check after removing")
    told = {
        "photos": first.counts.seen,
        "photos_per_second": round(first.counts.seen / first.seconds, 1),
        "failed": first.counts.failed,
        "duplicate": first.counts.duplicate,
        "recall@10": recalls,
        "silhouette": run.silhouette,
    }
    return steps, told


def first_product(catalog: Catalog) -> str:
    """Some product of the catalog."""
    return catalog.similar(colours="black", k=1).hits[0].product


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    home = os.environ.get("HOUNDSTOOTH_DATA")
    parser.add_argument(
        "--photos",
        type=Path,
        default=Path(home, "clothing") if home else None,
        required=not home,
        help="folder with train/, validation/ and test/ (docs/data.md); default: $HOUNDSTOOTH_DATA/clothing",
    )
    parser.add_argument("--format", choices=["table", "json"], default="table")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        steps, told = run(options.photos, Path(folder))
    if options.format == "json":
        print(json.dumps({**told, "seconds": steps.seconds, "wrong": steps.wrong}))
    else:
        for name, value in [*told.items(), *((f"{name} (s)", taken) for name, taken in steps.seconds.items())]:
            print(f"{name:32} {value}")
        print("all as it should be" if not steps.wrong else "\n".join(["WRONG:", *steps.wrong]))
    raise SystemExit(1 if steps.wrong else 0)


if __name__ == "__main__":
    main()
