"""What the links are set to, and what a change of the settings costs."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hil_sim.channels.quaternions import IDENTITY, conjugate, from_rotation_vector, multiply
from hil_sim.network.link_arrays import LinkArrays

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Protocols = NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class Commands:
    """What is wanted of every link and demand in the next epoch.

    Attributes:
        mean_photon_number_e6: of a signal pulse, 1e-6 photons, shape (links,); the present value holds, 0 is dark.
        protocol: number of the protocol, shape (links,); the present one holds.
        realign: whether to align the polarisation again, shape (links,).
        route: place of the chosen one among the candidates of each demand, shape (demands,).
    """

    mean_photon_number_e6: Counts
    protocol: Protocols
    realign: Flags
    route: Counts


@dataclass(frozen=True, slots=True)
class Changes:
    """What a step changed; arrays of shape (links,).

    Attributes:
        moved, switched: mean photon number or protocol changed at the start of the epoch.
        realigning: a re-alignment began.
        realigned: one ended in this epoch.
        live_s: time of the epoch in which key can be made.
    """

    moved: Flags
    switched: Flags
    realigning: Flags
    realigned: Flags
    live_s: Floats

    def cut_blocks(self) -> Flags:
        """Links whose key block ends early: it must not mix settings."""
        return self.moved | self.switched | self.realigning


class Operation:
    """Present settings of every link.

    Attributes:
        mean_photon_number_e6: commanded, shape (links,).
        protocol: number of the protocol, shape (links,).
        controller: rotation by the polarisation controllers, unit quaternions, shape (links, 4).
        dead_left_s: time for which a link still makes no key.
        since_switch_s: time since the last change of protocol began.
    """

    def __init__(self, links: LinkArrays, epoch_s: float) -> None:
        self._links = links
        self._epoch_s = epoch_s
        self.mean_photon_number_e6 = links.start_e6.copy()
        self.protocol = links.first_protocol.copy()
        self.controller = np.broadcast_to(IDENTITY, (links.count, 4)).copy()
        self.dead_left_s = np.zeros(links.count)
        self.since_switch_s = np.full(links.count, np.inf)
        self._aligning = np.zeros(links.count, dtype=np.bool_)

    def reset(self, links: slice) -> None:
        """Put some links back to the start, aligned."""
        self.mean_photon_number_e6[links] = self._links.start_e6[links]
        self.protocol[links] = self._links.first_protocol[links]
        self.controller[links] = IDENTITY
        self.dead_left_s[links] = 0.0
        self.since_switch_s[links] = np.inf
        self._aligning[links] = False

    def check(self, commands: Commands) -> None:
        """Refuse commands that no link may be given.

        Raises:
            ValueError: for a mean photon number that could exceed the cap or is negative, a protocol that the link
                does not have or that comes before its dwell time is over, or a re-alignment without a controller;
                the message names the first such link. Likewise for tables of another size, and mean photon numbers
                that are not whole. Nothing is changed then.
        """
        links, e6 = self._links, commands.mean_photon_number_e6
        self._check_tables(commands)
        unknown = (commands.protocol < 0) | (commands.protocol >= len(links.supported))
        known = np.where(unknown, 0, commands.protocol)
        switched = commands.protocol != self.protocol
        highest_e6 = links.highest_e6[known, np.arange(links.count)]
        for what, wrong in (
            ("mean photon number outside 0 and the cap less uncertainty", (e6 < 0) | (e6 > highest_e6)),
            ("protocol that it does not have", unknown | ~links.supported[known, np.arange(links.count)]),
            ("change of protocol before its dwell time is over", switched & (self.since_switch_s < links.dwell_s)),
            ("re-alignment without a controller", commands.realign & ~links.can_realign),
        ):
            if wrong.any():
                link = int(np.argmax(wrong))
                raise ValueError(
                    f"link {link} was commanded a {what}: "
                    f"{e6[link]}e-6 of at most {highest_e6[link]}e-6, protocol {commands.protocol[link]}"
                )

    def apply(self, commands: Commands, fibre: Floats, noise: Floats) -> Changes:
        """Carry out commands for one epoch.

        Args:
            commands: they must have passed `check`.
            fibre: rotation by the fibres at the end of the epoch, shape (links, 4).
            noise: standard normal, shape (3, links), for what an alignment leaves.
        """
        moved = commands.mean_photon_number_e6 != self.mean_photon_number_e6
        switched = commands.protocol != self.protocol
        realigning = commands.realign & ~self._aligning
        self.mean_photon_number_e6 = commands.mean_photon_number_e6.copy()
        self.protocol = commands.protocol.copy()
        self.since_switch_s = _to_the_ns(np.where(switched, 0.0, self.since_switch_s) + self._epoch_s)
        if switched.any() or realigning.any():
            self.dead_left_s = np.maximum(self.dead_left_s, np.where(switched, self._links.switch_s, 0.0))
            self.dead_left_s += np.where(realigning, self._links.realign_s, 0.0)
            self._aligning |= realigning
        live_s = np.maximum(self._epoch_s - self.dead_left_s, 0.0)
        self.dead_left_s = _to_the_ns(np.maximum(self.dead_left_s - self._epoch_s, 0.0))
        realigned = self._aligning & (self.dead_left_s == 0)
        if realigned.any():
            self._align(np.flatnonzero(realigned), fibre, noise)
        return Changes(moved, switched, realigning, realigned, live_s)

    def _check_tables(self, commands: Commands) -> None:
        expected = (self._links.count,)
        for name in ("mean_photon_number_e6", "protocol", "realign"):
            values = getattr(commands, name)
            if values.shape != expected or values.dtype.kind not in ("b" if name == "realign" else "iu"):
                raise ValueError(
                    f"{name} must hold {'flags' if name == 'realign' else 'whole numbers'} of shape {expected}, "
                    f"got {values.dtype} of shape {values.shape}"
                )

    def _align(self, links: Counts, fibre: Floats, noise: Floats) -> None:
        left = self._links.realign_residual_rad[links] * noise[:, links]
        self.controller[links] = multiply(from_rotation_vector(left.T), conjugate(fibre[links]))
        self._aligning[links] = False


def _to_the_ns(time_s: Floats) -> Floats:
    """Times without what is left over when tenths are summed in binary."""
    return np.asarray(np.round(time_s, 9))
