"""The trained module's weights as the runtimes read them: batch norms folded, float16, names of their own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

State = dict[str, Tensor]
_EPSILON = 1e-5  # of the decoder's batch norms


def export(state: State, to: Path) -> None:
    """Writes the state of `build_model`'s module as float16 safetensors."""
    from safetensors.numpy import save_file

    half = to.with_suffix(".part")
    save_file({name: np.ascontiguousarray(v.astype(np.float16)) for name, v in exported(state).items()}, half)
    half.chmod(0o644)
    half.rename(to)


def mixed(state: State, other: State, share: float) -> State:
    """Weights between those of two steps of one training: the share of the other's, in [0, 1].

    Wortsman et al., "Model soups", ICML 2022. Both as `build_model`'s module has them.
    """
    return {
        name: value.lerp(other[name], share) if value.is_floating_point() else value for name, value in state.items()
    }


def exported(state: State) -> dict[str, NDArray[np.float32]]:
    """Every convolution with its bias under the names that `indexer.garments.network` reads, float32."""
    out: dict[str, NDArray[np.float32]] = {}
    for name, value in state.items():
        if name.startswith("encoder.model.") and name.endswith((".weight", ".bias")):
            out[_encoder_name(name.removeprefix("encoder.model."))] = value.float().numpy()
    aspp = "decoder.aspp.0"
    pairs = {
        "pyramid.0": (f"{aspp}.convs.0.0", f"{aspp}.convs.0.1"),
        "pyramid.pooled": (f"{aspp}.convs.4.1", f"{aspp}.convs.4.2"),
        "pyramid.project": (f"{aspp}.project.0", f"{aspp}.project.1"),
        "after_pyramid.point": ("decoder.aspp.1.1", "decoder.aspp.2"),
        "fine": ("decoder.block1.0", "decoder.block1.1"),
        "fused.point": ("decoder.block2.0.1", "decoder.block2.1"),
    }
    pairs |= {f"pyramid.{n}.point": (f"{aspp}.convs.{n}.0.1", f"{aspp}.convs.{n}.1") for n in (1, 2, 3)}
    for name, (convolution, norm) in pairs.items():
        out |= _folded(state, name, convolution, norm)
    depthwise = {"after_pyramid": "decoder.aspp.1.0", "fused": "decoder.block2.0.0"}
    depthwise |= {f"pyramid.{n}": f"{aspp}.convs.{n}.0.0" for n in (1, 2, 3)}
    for name, convolution in depthwise.items():
        weight = state[f"{convolution}.weight"].float().numpy()
        out[f"{name}.depthwise.weight"] = weight
        out[f"{name}.depthwise.bias"] = np.zeros(len(weight), np.float32)
    for part in ("weight", "bias"):
        out[f"classes.{part}"] = state[f"segmentation_head.0.{part}"].float().numpy()
    return out


def _encoder_name(name: str) -> str:
    if name.startswith("conv_stem"):
        return name.replace("conv_stem", "stem")
    *block, convolution, part = name.split(".")
    if block[1] == "0":  # its first convolution is the depthwise one, and nothing expands before it
        role = {"conv_dw": "depthwise", "conv_pw": "project"}[convolution]
    else:
        role = {"conv_pw": "expand", "conv_dw": "depthwise", "conv_pwl": "project"}[convolution]
    return ".".join([*block, role, part])


def _folded(state: State, name: str, convolution: str, norm: str) -> dict[str, NDArray[np.float32]]:
    weight, scale, shift, mean, variance = (
        state[key].double().numpy()
        for key in (
            f"{convolution}.weight",
            *(f"{norm}.{part}" for part in ("weight", "bias", "running_mean", "running_var")),
        )
    )
    gain = scale / np.sqrt(variance + _EPSILON)
    return {
        f"{name}.weight": (weight * gain[:, None, None, None]).astype(np.float32),
        f"{name}.bias": (shift - mean * gain).astype(np.float32),
    }
