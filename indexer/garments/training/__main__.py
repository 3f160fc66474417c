"""python -m indexer.garments.training --data FOLDER --to weights.safetensors --seed 0 [--resume]"""

from __future__ import annotations

import argparse
import os
from pathlib import Path


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m indexer.garments.training", description="Train garment masks.")
    parser.add_argument(
        "--data", type=Path, required=True, help="folder with garment-masks/, clothing/, clothing-masks/"
    )
    parser.add_argument("--to", type=Path, required=True, help="the weights to write (.safetensors)")
    parser.add_argument("--work", type=Path, default=Path("build/garments"), help="cache of photos, checkpoint, curve")
    parser.add_argument("--steps", type=int, default=3000, help="steps of 16 pictures")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoint")
    chosen = parser.parse_args()

    import torch

    from indexer.garments.training.cache import load
    from indexer.garments.training.train import Plan, Trainer

    torch.set_num_threads(chosen.threads)
    sources = ("street", "flat", "rendered")
    photos, validation = (
        {source: load(chosen.data, chosen.work / "cache", source, part) for source in sources}
        for part in ("train", "validation")
    )
    trainer = Trainer(Plan(chosen.steps, chosen.seed), photos, validation, chosen.work / "checkpoint.pt")
    if chosen.resume and trainer.checkpoint.exists():
        trainer.resume()
    try:
        trainer.run()
    except KeyboardInterrupt:
        raise SystemExit(f"stopped at step {trainer.step}; --resume goes on from there") from None


if __name__ == "__main__":
    main()
