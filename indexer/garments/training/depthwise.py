"""Depthwise convolutions whose gradients are quick on a CPU."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional


def quicken(model: nn.Module) -> None:
    """Lets every depthwise convolution of the model run through `Depthwise`; names and weights stay as they are."""
    for module in model.modules():
        if isinstance(module, nn.Conv2d) and module.groups == module.in_channels == module.out_channels > 1:
            module.forward = partial(_forward, module)


def _forward(module: nn.Conv2d, x: Tensor) -> Tensor:
    stride, dilation, kernel = module.stride[0], module.dilation[0], module.kernel_size[0]
    if stride == 1:
        before = after = dilation * (kernel - 1) // 2
    else:  # TensorFlow's SAME for even sides
        before, after = (kernel - stride) // 2, kernel - stride - (kernel - stride) // 2
    if before != after:
        x = functional.pad(x, (before, after, before, after))
    padding = before if before == after else 0
    y = Depthwise.apply(x, module.weight.to(x.dtype), stride, padding, dilation)
    return y if module.bias is None else y + module.bias.to(y.dtype).view(1, -1, 1, 1)


class Depthwise(torch.autograd.Function):  # type: ignore[misc]  # torch is optional
    """conv2d(x, weight, groups=channels) whose gradient by x is a forward convolution with the kernel turned round.

    oneDNN's backward kernels for depthwise convolutions are up to a hundred times slower than its forward ones.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, stride: int, padding: int, dilation: int) -> Tensor:
        """As conv2d."""
        ctx.save_for_backward(x, weight)
        ctx.shape = (stride, padding, dilation)
        return functional.conv2d(x, weight, None, stride, padding, dilation, x.shape[1])

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, Tensor | None, None, None, None]:
        """The gradients by x and, where it is wanted, by the weight."""
        (gradient,), (x, weight), (stride, padding, dilation) = gradients, ctx.saved_tensors, ctx.shape
        by_x = by_weight = None
        if ctx.needs_input_grad[0]:
            spread = gradient
            if stride > 1:
                n, c, h, w = gradient.shape
                spread = gradient.new_zeros((n, c, (h - 1) * stride + 1, (w - 1) * stride + 1))
                spread[:, :, ::stride, ::stride] = gradient
            reach = dilation * (weight.shape[2] - 1)
            left = [x.shape[i] + 2 * padding - reach - spread.shape[i] for i in (2, 3)]  # rows no window began at
            spread = functional.pad(spread, (0, left[1], 0, left[0])) if any(left) else spread
            by_x = functional.conv2d(spread, weight.flip(2, 3), None, 1, reach - padding, dilation, x.shape[1])
        if ctx.needs_input_grad[1]:
            wide = torch.promote_types(weight.dtype, torch.float32)  # ten times quicker than in bfloat16
            by_weight = torch.ops.aten.convolution_backward(
                gradient.to(wide), x.to(wide), weight.to(wide), None, [stride] * 2, [padding] * 2, [dilation] * 2,
                False, [0, 0], x.shape[1], [False, True, False],
            )[1].to(weight.dtype)  # fmt: skip
        return by_x, by_weight, None, None, None
