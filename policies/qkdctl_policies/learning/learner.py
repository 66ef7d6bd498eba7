"""Double DQN (van Hasselt, Guez and Silver, AAAI 2016) on rows of links, and regression on gains that are known."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from qkdctl_policies.learning.config_sections import LearnerSection
from qkdctl_policies.learning.gain_slopes import gain_loss
from qkdctl_policies.learning.lessons import Lessons
from qkdctl_policies.learning.q_network import QNetwork
from qkdctl_policies.learning.replay import Sample


class Learner:
    """The network, its slowly following target and the optimiser; on one thread, so that the same seed learns the same.

    Args:
        settings: of learning.
        seed: of the first weights.
        device: where PyTorch computes. On a graphics processor the same seed need not learn the same.

    Attributes:
        network: what is learned.
    """

    def __init__(self, settings: LearnerSection, seed: int, device: str = "cpu") -> None:
        torch.set_num_threads(1)
        self._settings, self._device = settings, device
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            self.network = QNetwork(settings.hidden).to(device)
        self._target = QNetwork(settings.hidden).to(device)
        self._target.load_state_dict(self.network.state_dict())
        self._vector, self._slope = _one_vector(self.network)
        self._optimiser = torch.optim.Adam([self._vector], lr=settings.learning_rate, fused=True)

    def weights(self) -> dict[str, NDArray[Any]]:
        """A copy of the network's weights, by name."""
        return {name: part.cpu().numpy().copy() for name, part in self.network.state_dict().items()}

    def update(self, sample: Sample, progress: float) -> tuple[float, NDArray[np.float32]]:
        """One step of gradient descent.

        Args:
            sample: what to learn from.
            progress: share of the training that is over, for the learning rate.

        Returns:
            The weighted loss and the error of each row.
        """
        part = sample.transitions
        goal = self._there(part.reward) + self._there(part.discount) * self._following(
            self._there(part.next_observation), self._there(part.next_legal)
        )
        chosen = self.network(self._there(part.observation)).gather(1, self._there(part.action)[:, None])
        losses = nn.functional.smooth_l1_loss(chosen[:, 0], goal, reduction="none")
        loss = (self._there(sample.weights) * losses).mean()
        self._slope.zero_()
        loss.backward()  # type: ignore[no-untyped-call]
        self._descend(progress)
        self._follow()
        return float(loss.detach()), (goal - chosen[:, 0]).detach().cpu().numpy()

    def learn_gains(self, lessons: Lessons, tolerance: float, progress: float) -> float:
        """One step of gradient descent towards gains over hold that are known.

        Args:
            lessons: what to learn.
            tolerance: errors up to here count by their square, larger ones by their size.
            progress: share of the present run of updates that is over, for the learning rate.

        Returns:
            The loss.
        """
        self._slope.zero_()  # of the value head, which an `update` may have left
        seen, gain = self._there(lessons.observation), self._there(lessons.gain)
        loss = gain_loss(self.network, seen, gain, self._there(lessons.known).to(gain.dtype), tolerance)
        self._descend(progress)
        return float(loss)

    def state(self) -> dict[str, Any]:
        """Everything learned, for a checkpoint."""
        return {
            "network": self.network.state_dict(),
            "target": self._target.state_dict(),
            "optimiser": self._optimiser.state_dict(),
        }

    def load(self, state: dict[str, Any]) -> None:
        """Take over what `state` gave."""
        self.network.load_state_dict(state["network"])
        self._target.load_state_dict(state["target"])
        self._optimiser.load_state_dict(state["optimiser"])

    def _descend(self, progress: float) -> None:
        """One step down the gradient, which is no longer than the settings allow."""
        for group in self._optimiser.param_groups:
            left = 1 - (1 - self._settings.final_learning_rate) * progress
            group["lr"] = self._settings.learning_rate * left
        length = float(torch.linalg.vector_norm(self._slope))
        if length > self._settings.gradient_norm:
            self._slope *= self._settings.gradient_norm / length
        self._optimiser.step()

    def _there(self, values: NDArray[Any]) -> Tensor:
        return torch.from_numpy(values).to(self._device)

    def _following(self, rows: Tensor, legal: Tensor) -> Tensor:
        """The target's value of the legal action that the network would choose."""
        with torch.no_grad():
            best = self.network(rows).masked_fill(~legal, -torch.inf).argmax(dim=1, keepdim=True)
            following: Tensor = self._target(rows).gather(1, best)[:, 0]
        return following

    def _follow(self) -> None:
        with torch.no_grad():
            pairs = zip(self._target.parameters(), self.network.parameters(), strict=True)
            for slow, fast in pairs:
                slow.lerp_(fast, self._settings.target_rate)


def _one_vector(network: nn.Module) -> tuple[nn.Parameter, Tensor]:
    """Lay all weights of a network, and their gradients, behind each other in one vector, of which they become parts.

    The optimiser then takes a few operations for all of them instead of a few for each, which count in networks this
    small; every number comes out the same.

    Returns:
        The weights, and their gradient.
    """
    parts = list(network.parameters())
    vector = nn.Parameter(nn.utils.parameters_to_vector(parts).detach())
    vector.grad = slope = torch.zeros_like(vector)
    begins = 0
    for part in parts:
        own = slice(begins, begins + part.numel())
        part.data, part.grad = vector.data[own].view_as(part), slope[own].view_as(part)
        begins = own.stop
    return vector, slope
