"""Running a vetted policy with onnxruntime, and checking every value it gives."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from qkdctl.policy.actions import ACTIONS
from qkdctl.policy.bound_session import BoundSession
from qkdctl.policy.decide import decide
from qkdctl.policy.failure import PolicyFailure
from qkdctl.policy.features import as_input, observe
from qkdctl.policy.proposal import Proposal
from qkdctl.policy.schema import FEATURES, GRID
from qkdctl.policy.vetting import VettedPolicy
from qkdctl.records.facts import LinkTable
from qkdctl.records.network import NetworkState

_DOUBLE: Final = np.dtype(np.float64)
_GRID: Final = float(GRID)
_FEW: Final = 5
"""Links up to which plain Python checks faster than NumPy, whose first operations after a run of onnxruntime find the
caches taken."""
Integers = NDArray[np.int64]
"""Shape [links, actions], in 1/4096."""


class OnnxPolicy:
    """A policy file in memory."""

    def __init__(self, vetted: VettedPolicy, warm_links: int = 1) -> None:
        """Load the network and run it once.

        Args:
            vetted: the file, from `vetting.vet`.
            warm_links: batch size of the first run, best the one of the network.

        Raises:
            PolicyFailure: when the runtime cannot load it or the first run gives no usable values.
        """
        self._identity = vetted.sha256
        self._value_bound = vetted.value_bound
        try:
            self._session = BoundSession(vetted.data)
        except Exception as error:  # the runtime's exceptions share no base class; this is its only door
            raise PolicyFailure("runtime", f"cannot load {vetted.sha256}: {error}") from error
        self.values(np.zeros((warm_links, len(FEATURES))))

    @property
    def identity(self) -> str:
        """SHA-256 of the policy file."""
        return self._identity

    def propose(self, state: NetworkState, facts: LinkTable) -> Proposal:
        """The best legal action per link.

        Raises:
            PolicyFailure: when the network gives no usable values.
        """
        return decide(self._identity, self.values(as_input(observe(state, facts))).tolist(), state, facts)

    def values(self, observation: NDArray[np.float64]) -> Integers:
        """The values of every action for an observation [links, features].

        Raises:
            PolicyFailure: `runtime`, or what `checked` found.
        """
        if len(observation) == 0:
            return np.zeros((0, len(ACTIONS)), dtype=np.int64)
        try:
            outputs = self._session.run(observation)
        except Exception as error:  # as above; an epoch must end with the baseline, never with the runtime's error
            raise PolicyFailure("runtime", str(error)) from error
        return checked(outputs, len(observation), self._value_bound)


def checked(values: object, links: int, value_bound: int) -> Integers:
    """The values as integers, if they are what the vetted network can give.

    Args:
        values: what the runtime returned.
        links: rows expected.
        value_bound: largest absolute value, in 1/4096.

    Raises:
        PolicyFailure: `shape`, `not-finite`, `off-grid` or `out-of-bounds`.
    """
    expected = (links, len(ACTIONS))
    if not isinstance(values, np.ndarray) or values.dtype != _DOUBLE or values.shape != expected:
        found = getattr(values, "shape", type(values).__name__)
        raise PolicyFailure(
            "shape", f"got {found} of {getattr(values, 'dtype', 'no type')}, expected {expected} doubles"
        )
    if not (_few_are_right if links <= _FEW else _many_are_right)(values, value_bound):
        raise _failure(values, value_bound)
    return (values * GRID).astype(np.int64)


def _few_are_right(values: NDArray[np.float64], value_bound: int) -> bool:
    """Whether each is an integer within the bound, in 1/4096."""
    largest = float(value_bound)  # exact: vetting takes no network whose values doubles could not hold
    for row in values.tolist():
        for value in row:
            scaled = value * _GRID
            if not scaled.is_integer() or not -largest <= scaled <= largest:  # infinities are no integers
                return False
    return True


def _many_are_right(values: NDArray[np.float64], value_bound: int) -> bool:
    """The same, for all at once."""
    if np.count_nonzero(np.absolute(values) <= value_bound / GRID) != values.size:
        return False
    scaled = values * GRID
    return bool(np.count_nonzero(np.rint(scaled) == scaled) == values.size)


def _failure(values: NDArray[np.float64], value_bound: int) -> PolicyFailure:
    if not np.isfinite(values).all():
        return PolicyFailure(
            "not-finite", f"{int((~np.isfinite(values)).sum())} of {values.size} values are not finite"
        )
    largest = float(np.abs(values).max())
    if largest > value_bound / GRID:
        return PolicyFailure("out-of-bounds", f"value {largest} exceeds the proven bound {value_bound / GRID}")
    return PolicyFailure("off-grid", f"values are no multiples of 1/{GRID}")
