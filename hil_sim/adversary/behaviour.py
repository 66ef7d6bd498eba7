"""What adversaries do, epoch by epoch."""

from collections.abc import Sequence

import numpy as np

from hil_sim.adversary.announcements import RelayAttack
from hil_sim.adversary.cast import Cast
from hil_sim.adversary.conduct import Conduct, honest_conduct
from hil_sim.adversary.duty import Group
from hil_sim.adversary.relay import RelayConduct
from hil_sim.adversary.rota import Rota
from hil_sim.adversary.state_attacks import StateAttack
from hil_sim.adversary.strengths import Floats, Integers, Mask
from hil_sim.adversary.telemetry import Forgery


class Behaviour:
    """Plans the conduct of the networks of a cast.

    The conduct of an epoch depends on the seed, the epoch and the trust passed in, never on what was planned before;
    further adversaries do not shift when those before them act, and neither do further networks.

    Attributes:
        byzantine: nodes that ever misbehave, shape (nodes,).
    """

    def __init__(self, cast: Cast) -> None:
        """Everybody is ready."""
        self._cast = cast
        self._rota = Rota(cast.groups, cast.seeds)
        self._nodes, self._links = (sum(size[column] for size in cast.sizes) for column in (0, 1))
        self._network_of_group = np.repeat(np.arange(len(cast.sizes)), [size[2] for size in cast.sizes])
        self._coalition = _coalitions(self._nodes, cast.groups)
        self._last: tuple[bytes, Conduct] = (b"", honest_conduct(self._nodes, self._links))
        self.byzantine = self._rota.acting_nodes(np.ones(len(cast.groups), dtype=bool), self._nodes)

    def plan(self, epoch: int | Integers, trust: Floats | None = None) -> Conduct:
        """What happens in an epoch.

        Args:
            epoch: from 0; one for all networks, or one each.
            trust: of each node, in [0, 1], for adversaries that behave while theirs is low.
        """
        if not self._cast.entries.fields.size:
            return honest_conduct(self._nodes, self._links)
        epochs = np.broadcast_to(epoch, len(self._cast.sizes))[self._network_of_group]
        draws = self._rota.draws(epochs)
        on = self._rota.on_duty(epochs, draws, trust)
        acting = self._cast.entries.acting(on, draws)
        key = on.tobytes() + acting.tobytes()
        if key != self._last[0]:
            self._last = key, self._conduct(on, acting)
        return self._last[1]

    def _conduct(self, on: Mask, acting: Mask) -> Conduct:
        honest = honest_conduct(self._nodes, self._links)
        if not on.any():
            return honest
        strengths = self._cast.entries.strengths(acting, self._nodes, self._links)
        relaying = honest.relaying
        for name, nodes in strengths["relaying"].items():
            relaying = relaying | np.where(nodes, np.uint8(RelayConduct[name]), np.uint8(0))
        return Conduct(
            StateAttack.of((self._links,), **strengths["states"]),
            RelayAttack.of((self._links,), **strengths["announcements"]),
            Forgery.of((2, self._links), **strengths["reports"]),
            relaying,
            self._coalition,
            self._rota.acting_nodes(on, self._nodes),
        )


def _coalitions(nodes: int, groups: Sequence[Group]) -> Integers:
    """The first member's index for each member, and everybody else's own."""
    coalition = np.arange(nodes)
    for group in groups:
        coalition[list(group.nodes)] = group.nodes[0] if group.nodes else 0
    coalition.setflags(write=False)
    return coalition
