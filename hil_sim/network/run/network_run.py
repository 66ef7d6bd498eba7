"""A scenario on its way: the network, its twin without adversaries, and what is counted of both."""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hil_sim.network.built import BuiltNetwork
from hil_sim.network.run.control_name import ControlName
from hil_sim.network.run.demand_tally import DemandTally
from hil_sim.network.run.field_control import Control, FieldPractice, Hold
from hil_sim.network.run.link_tally import LinkTally
from hil_sim.network.run.thinned_series import ThinnedSeries
from hil_sim.network.world import Epoch, NetworkWorld

Floats = NDArray[np.float64]

LINK_COLUMNS: Final = ("clicks_z", "wrong_z", "clicks_x", "wrong_x", "key_bits", "buffer_bits")
"""What is kept of every link over time."""
TRAFFIC_COLUMNS: Final = ("asked_bits", "delivered_bits", "given_up_bits", "waiting_bits")
"""What is kept of all demands together over time."""
_MOST_NUMBERS: Final = 4_000_000
_MOST_ROWS: Final = 512


@dataclass(frozen=True, slots=True)
class Chosen:
    """How a network is controlled.

    Attributes:
        control: by name.
        realign_above: see `FieldPractice`; for `field` only.
    """

    control: ControlName = ControlName.HOLD
    realign_above: float | None = None


class NetworkRun:
    """Steps a network and keeps the books.

    Where there are adversaries, the same network without them goes through the same weather beside it: one seed, so the
    channels are the same.

    Attributes:
        built: the network with its scenario.
        chosen: how it is controlled.
        world: the network, and its twin if there are adversaries.
        links, demands: tallies of both, the network first.
        link_series, traffic_series: over time, of the network alone.
    """

    def __init__(self, built: BuiltNetwork, chosen: Chosen | None = None) -> None:
        """Begin at the start.

        Raises:
            ValueError: for a limit of the error rate out of range, or one that nobody uses.
        """
        self.built = built
        self.chosen = chosen or Chosen()
        network, seed = built.network, built.scenario.seed
        networks = [network, replace(network, adversaries=())] if network.adversaries else [network]
        self.world = NetworkWorld(networks, [seed] * len(networks), epoch_s=built.scenario.epoch_s)
        self._control = _control(self.world, self.chosen)
        self.links = LinkTally(self.world)
        self.demands = DemandTally(self.world.stack.demands.rate_bps.size)
        links = len(network.link_names)
        rows = int(np.clip(_MOST_NUMBERS // (len(LINK_COLUMNS) * links), 32, _MOST_ROWS)) // 2 * 2
        self.link_series = ThinnedSeries(len(LINK_COLUMNS) * links, rows)
        self.traffic_series = ThinnedSeries(len(TRAFFIC_COLUMNS), rows)
        self._last: Epoch | None = None

    @property
    def epochs(self) -> int:
        """How many have passed."""
        return self.links.epochs

    def step(self) -> None:
        """Let one epoch pass."""
        epoch = self.world.step(self._control.commands(self.world, self._last))
        clicks, wrong = self.links.add(epoch, self.world)
        self.demands.add(epoch.served)
        self._record(epoch, clicks, wrong)
        self._last = epoch

    def link_history(self) -> dict[str, Floats]:
        """`LINK_COLUMNS`, each the mean per epoch over the epochs of a row, shape (rows, links)."""
        means = self.link_series.means()
        return dict(zip(LINK_COLUMNS, np.split(means, len(LINK_COLUMNS), axis=1), strict=True))

    def traffic_history(self) -> dict[str, Floats]:
        """`TRAFFIC_COLUMNS`, likewise, shape (rows,)."""
        return dict(zip(TRAFFIC_COLUMNS, self.traffic_series.means().T, strict=True))

    def history_s(self) -> Floats:
        """Time at the end of each row, shape (rows,)."""
        return np.asarray(self.link_series.ends() * self.world.epoch_s)

    def _record(self, epoch: Epoch, clicks: Floats, wrong: Floats) -> None:
        own, served = self.world.stack.links_of[0], epoch.served
        of_links = (clicks[0], wrong[0], clicks[1], wrong[1], epoch.key.stored_bits, self.world.buffers.bits)
        self.link_series.add(np.concatenate([values[own] for values in of_links]))
        demands = self.world.stack.demands_of[0]
        of_demands = (served.asked, served.delivered, served.given_up, served.waiting)
        self.traffic_series.add(np.array([values[demands].sum() for values in of_demands], dtype=np.float64))


def _control(world: NetworkWorld, chosen: Chosen) -> Control:
    if chosen.control is ControlName.FIELD:
        return FieldPractice(world, chosen.realign_above)
    if chosen.realign_above is not None:
        raise ValueError("nobody re-aligns links while their settings are held")
    return Hold()
