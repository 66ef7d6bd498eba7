"""What the adversaries of all networks do to light, clicks, reports and relayed keys."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hil_sim.adversary.announcements import announced_clicks
from hil_sim.adversary.behaviour import Behaviour
from hil_sim.adversary.cast import Cast, cast_of, joined_cast
from hil_sim.adversary.click_attacks import corrupted_clicks
from hil_sim.adversary.conduct import Conduct
from hil_sim.adversary.entries import Network as Parties
from hil_sim.adversary.state_attacks import StateAttack
from hil_sim.adversary.table_history import TableHistory
from hil_sim.adversary.telemetry import Reports, report
from hil_sim.network.detection import Clicks, Optics
from hil_sim.network.network import Network, Stack
from hil_sim.world.counts import SiftedCounts

Floats = NDArray[np.float64]
Places = slice | NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Monitors:
    """What watches over the receivers would show, shape (links,).

    Attributes:
        double_click_factor: how often both detectors click, over how often they do without attack.
        photocurrent_deviation: mean current of the detectors above normal, in units of what keeps them blind.
    """

    double_click_factor: Floats
    photocurrent_deviation: Floats


class Misconduct:
    """The adversaries of a stack of networks.

    Attributes:
        byzantine: nodes that ever misbehave, shape (nodes,).
    """

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._casts = [_cast(network, seed=0) for network in stack.networks]
        self._epochs = np.zeros(len(stack.networks), dtype=np.int64)
        self._behaviour: Behaviour | None = Behaviour(joined_cast(self._casts))
        self.byzantine = self._behaviour.byzantine
        depth = max(cast.history_depth for cast in self._casts)
        self._history = TableHistory(depth, stack.cells, stack.links.count) if depth else None

    def reset(self, number: int, seed: int) -> None:
        """Begin the story of one network anew."""
        links = self._stack.links_of[number]
        self._casts[number] = _cast(self._stack.networks[number], seed)
        self._epochs[number] = 0
        self._behaviour = None
        if self._history is not None:
            self._history.forget(np.arange(links.start, links.stop))

    def plan(self, trust: Floats | None) -> Conduct:
        """What everybody does in the next epoch; `trust` in each node, in [0, 1], if adversaries may know it."""
        if self._behaviour is None:
            self._behaviour = Behaviour(joined_cast(self._casts))
        conduct = self._behaviour.plan(self._epochs, trust)
        self._epochs += 1
        return conduct

    def forget(self, links: NDArray[np.bool_]) -> None:
        """Leave no past tables of links that now run another protocol, whose tables mean something else."""
        if self._history is not None and links.any():
            self._history.forget(np.flatnonzero(links))

    def reports(self, counts: SiftedCounts, conduct: Conduct, expected: tuple[Floats, Floats] | None) -> Reports:
        """What both ends report of the counts."""
        return report(counts, conduct.reports, self._history, expected)


def under_attack(protocol: str, clicks: Clicks, optics: Optics, conduct: Conduct, where: Places) -> Clicks:
    """Clicks of some links that run this protocol, after the attacks on them.

    Splitting needs pulses of weak light and blinding a receiver at one of the ends; a relay midway may be lied about by
    whoever holds it.
    """
    if protocol in ("mdi", "tf"):
        lies = conduct.announcements
        if not (lies.fabrication.any() or lies.z_measurement.any()):
            return clicks
        right, wrong = announced_clicks(clicks.right, clicks.wrong, lies.take(_numbers(where, lies.fabrication.size)))
        return Clicks(clicks.sent, right, wrong)
    attack = conduct.states
    if not (attack.blinding.any() or attack.photon_number_splitting.any()):
        return clicks
    attack = attack.take(_numbers(where, attack.blinding.size))
    if protocol == "bbm92":
        attack = StateAttack.of(attack.blinding.shape, blinding=attack.blinding)
    intensities = optics.mean_photon_number * optics.ratios[: clicks.right.shape[1]]
    # the weakest intensity has no light, so its clicks are the background, whatever that comes from
    dark = (clicks.right + clicks.wrong)[0, -1]
    attacked = corrupted_clicks(clicks.right, clicks.wrong, intensities, dark, attack)
    return Clicks(clicks.sent, attacked.right, attacked.wrong)


def known_by_blinding(blinding: Floats) -> Floats:
    """Share of the clicks that a receiver blinded for this share of the pulses was made to give.

    Half of the blinded pulses do not click. Of all attacks on states this one alone passes privacy amplification,
    because it shows neither in errors nor in decoys.
    """
    return np.asarray(blinding / 2 / (1 - blinding / 2))


def monitors(conduct: Conduct, protocol_blindable: NDArray[np.bool_]) -> Monitors:
    """What the watches show; only a receiver at one of the ends can be blinded."""
    blinding = np.where(protocol_blindable, conduct.states.blinding, 0.0)
    return Monitors(1 - blinding, blinding)


def _cast(network: Network, seed: int) -> Cast:
    parties = Parties(len(network.node_names), network.ends, network.relays)
    return cast_of(parties, network.adversaries, seed)


def _numbers(where: Places, count: int) -> NDArray[np.int64]:
    return np.arange(count)[where]
