"""How far a network is from gains that are known, and which way is down, worked out by hand.

The chain rule is short for layers that follow one another, and for a network this small PyTorch's record of what came
from what takes a fifth of the time; a test holds both together.
"""

import torch
from torch import Tensor, nn

from qkdctl.policy.actions import HOLD
from qkdctl_policies.learning.q_network import QNetwork


@torch.no_grad()
def gain_loss(network: QNetwork, observation: Tensor, gain: Tensor, known: Tensor, tolerance: float) -> Tensor:
    """Mean Huber loss (Ann. Math. Statist. 35, 73 (1964)) of gains over hold, in units of the tolerance.

    Its gradient replaces that of the trunk and of the advantage head, which must have room for it. A gain is the
    advantage of an action less that of hold, so the value head has no say in it; its gradient is left alone.

    Args:
        network: to learn.
        observation: what it sees, shape (rows, features).
        gain: that it should find, shape (rows, actions).
        known: 1 where a gain is told and 0 elsewhere, same shape.
        tolerance: errors up to here count by their square, larger ones by their size.

    Returns:
        The loss, a scalar.
    """
    steps: list[tuple[nn.Linear, Tensor]] = []
    last = observation
    for layer in network.layers():
        steps.append((layer, last))
        last = torch.relu_(layer(last))
    advantage = network.advantage(last)
    error = (advantage - advantage[:, HOLD.index : HOLD.index + 1] - gain) * known
    near = error.clamp(-tolerance, tolerance)
    scale = 1 / (tolerance * known.sum().clamp(min=1))
    loss = (near * (error - near / 2)).sum() * scale

    slope = near * scale
    slope[:, HOLD.index] -= slope.sum(dim=1)
    _tell(network.advantage, last, slope)
    above = network.advantage
    for layer, seen in reversed(steps):
        # a unit passes on what is above it where it is not at rest
        slope = slope.mm(above.weight).mul_(last.sign())
        _tell(layer, seen, slope)
        above, last = layer, seen
    return loss


def _tell(layer: nn.Linear, seen: Tensor, slope: Tensor) -> None:
    """Replace the gradient of a layer by that of what it saw and of the slope of what it made of it."""
    weight, bias = layer.weight.grad, layer.bias.grad
    assert weight is not None, "there is room for gradients"
    assert bias is not None, "likewise"
    torch.mm(slope.t(), seen, out=weight)
    torch.sum(slope, 0, out=bias)
