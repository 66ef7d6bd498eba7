"""The network as it lives: thousands of links, one epoch at a time, all in a few hundred NumPy calls."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hil_sim.adversary.conduct import Conduct
from hil_sim.adversary.telemetry import Reports
from hil_sim.network.demands import Queues
from hil_sim.network.hardware import PROTOCOLS
from hil_sim.network.key_buffers import KeyBuffers
from hil_sim.network.key_making import KeyMade, KeyMaking
from hil_sim.network.key_service import KeyService, Served
from hil_sim.network.misconduct import Misconduct, Monitors, known_by_blinding, monitors
from hil_sim.network.network import Network, Stack
from hil_sim.network.operation import Changes, Commands, Operation
from hil_sim.network.quantum_layer import Counted, Light, QuantumLayer
from hil_sim.network.streams import ChannelStep, ChannelStreams, CountingStreams

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]

_BLINDABLE = np.array([name in ("bb84", "bbm92") for name in PROTOCOLS])
"""Protocols whose receiver belongs to one of the two ends, by number."""


@dataclass(frozen=True, slots=True)
class Epoch:
    """Everything that happened in one epoch.

    Attributes:
        number: from 1.
        changes, light, counted, key, served: see their classes.
        measured_e6: mean photon number that the power meters show, 1e-6 photons per pulse, shape (links,); it drifts
            with the source, while a calibration that is off does not show in it.
        reports: what the ends say they counted.
        monitors: what the watches over the receivers show.
        conduct: who misbehaved, and how.
    """

    number: int
    changes: Changes
    light: Light
    counted: Counted
    key: KeyMade
    served: Served
    measured_e6: Counts
    reports: Reports
    monitors: Monitors
    conduct: Conduct


class NetworkWorld:
    """Several networks in lockstep; see `Stack` for the numbering of links, nodes and demands.

    Attributes:
        stack: the networks.
        epoch_s: length of an epoch.
        operation: settings of the links.
        blocks: key in the making.
        service: key in store, and requests that wait for it.
        misconduct: the adversaries.
        quantum: sources, fibres and receivers.
        channel: of the links at the end of the last epoch, None before the first; good until the next one.
    """

    def __init__(self, networks: Sequence[Network], seeds: Sequence[int], *, epoch_s: float = 10.0) -> None:
        """Begin all networks.

        Args:
            networks: one or more.
            seeds: one per network, not negative; a network and its seed determine all that happens in it, whatever
                other networks are in the stack.
            epoch_s: length of an epoch.

        Raises:
            ValueError: when seeds and networks do not match, or for an epoch without length.
        """
        if len(seeds) != len(networks):
            raise ValueError(f"{len(networks)} networks need as many seeds, got {len(seeds)}")
        if not 0 < epoch_s < np.inf:
            raise ValueError(f"epoch_s must be positive, got {epoch_s!r}")
        self.stack = Stack.of(networks)
        self.epoch_s = epoch_s
        links = self.stack.links
        self.operation = Operation(links, epoch_s)
        self.blocks = KeyMaking(links, self.stack.cells, epoch_s)
        self.service = KeyService(self.stack, epoch_s)
        self.quantum = QuantumLayer(self.stack)
        self._streams = CountingStreams(self.stack)
        self._channels = ChannelStreams(self.stack, epoch_s)
        self.misconduct = Misconduct(self.stack)
        self.channel: ChannelStep | None = None
        self._epoch = 0
        for number, seed in enumerate(seeds):
            self.reset(number, seed)

    @property
    def buffers(self) -> KeyBuffers:
        """Key in store."""
        return self.service.buffers

    @property
    def queues(self) -> Queues:
        """Requests that wait."""
        return self.service.queues

    def reset(self, number: int, seed: int) -> None:
        """Put one network back to its start, with a new seed."""
        links = self.stack.links_of[number]
        self._streams.reset(number, seed)
        self._channels.reset(number, seed)
        self.operation.reset(links)
        self.blocks.reset(links)
        self.service.reset(number)
        self.quantum.reset(number, seed)
        self.misconduct.reset(number, seed)

    def holding(self) -> Commands:
        """Commands that change nothing; every demand takes its first route."""
        return Commands(
            self.operation.mean_photon_number_e6.copy(),
            self.operation.protocol.copy(),
            np.zeros(self.stack.links.count, dtype=np.bool_),
            np.zeros(self.stack.demands.rate_bps.size, dtype=np.int64),
        )

    def step(self, commands: Commands, trust: Floats | None = None) -> Epoch:
        """Let one epoch pass.

        Args:
            commands: for links and demands.
            trust: in each node, in [0, 1], shape (nodes,), for adversaries that behave while theirs is low.

        Raises:
            ValueError: for commands that no link may be given (see `Operation.check`) or a route that does not exist;
                nothing happens then.
        """
        self.operation.check(commands)
        routes = self.service.chosen(commands.route)
        channel, noise, conduct = self._channels.step(), self._streams.step(), self.misconduct.plan(trust)
        self.channel = channel
        changes = self.operation.apply(commands, channel.rotation, noise.alignment)
        wasted = self.blocks.cut(changes.cut_blocks())
        light = self.quantum.light(self.operation, channel, conduct)
        counted, expected = self.quantum.count(
            self.operation.protocol, channel, light, changes.live_s, noise.counting, conduct
        )
        self.misconduct.forget(changes.switched)
        reports = self.misconduct.reports(counted, conduct, expected)
        watched = monitors(conduct, _BLINDABLE[self.operation.protocol])
        known = known_by_blinding(watched.photocurrent_deviation)
        self.blocks.add(counted.sent, counted.detected, counted.errors, known)
        key = self.blocks.harvest(self.operation.protocol, self.operation.mean_photon_number_e6, wasted)
        served = self.service.run(key, routes, noise.demands, conduct)
        self._epoch += 1
        measured_e6 = np.rint(self.operation.mean_photon_number_e6 * channel.source_factor).astype(np.int64)
        return Epoch(self._epoch, changes, light, counted, key, served, measured_e6, reports, watched, conduct)
