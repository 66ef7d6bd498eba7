"""The network that values actions: one for all links, dueling (Wang et al., ICML 2016)."""

from collections.abc import Sequence
from itertools import pairwise
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from qkdctl.policy.actions import ACTIONS
from qkdctl.policy.schema import FEATURES


class QNetwork(nn.Module):
    """From features of links (rows) to the values of their actions: value plus advantage less its mean.

    The heads stand on the same last hidden layer, so that they can be folded into one layer of the policy format.
    """

    def __init__(self, hidden: Sequence[int]) -> None:
        """Layers of these widths with random weights."""
        super().__init__()
        widths = [len(FEATURES), *hidden]
        self.trunk = nn.ModuleList(nn.Linear(*pair) for pair in pairwise(widths))
        self.value = nn.Linear(widths[-1], 1)
        self.advantage = nn.Linear(widths[-1], len(ACTIONS))

    def forward(self, rows: Tensor) -> Tensor:
        """Values, shape (rows, actions)."""
        last = rows
        for layer in self.layers():
            last = torch.relu(layer(last))
        advantage = self.advantage(last)
        values: Tensor = self.value(last) + advantage - advantage.mean(dim=1, keepdim=True)
        return values

    def values(self, rows: NDArray[np.float32]) -> NDArray[np.float32]:
        """The same for arrays, wherever the weights are."""
        with torch.no_grad():
            values: NDArray[np.float32] = self(torch.from_numpy(rows).to(self.value.weight.device)).cpu().numpy()
        return values

    def layers(self) -> Sequence[nn.Linear]:
        """Those of the trunk, each followed by a rectifier."""
        return cast("Sequence[nn.Linear]", self.trunk)
