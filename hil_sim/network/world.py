"""The network as it lives: thousands of links, one epoch at a time, all in a few hundred NumPy calls."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hil_sim.adversary.conduct import Conduct
from hil_sim.adversary.relay import relay_outcomes
from hil_sim.adversary.state_attacks import corrupted_errors
from hil_sim.adversary.telemetry import Reports
from hil_sim.channels.quaternions import basis_errors, multiply
from hil_sim.network.counting import binomial
from hil_sim.network.demands import Queues
from hil_sim.network.detection import CELLS, CLICKS, Optics
from hil_sim.network.hardware import PROTOCOLS
from hil_sim.network.key_buffers import KeyBuffers
from hil_sim.network.key_making import KeyMade, KeyMaking
from hil_sim.network.misconduct import Misconduct, Monitors, known_by_blinding, monitors, under_attack
from hil_sim.network.network import Network, Stack
from hil_sim.network.operation import Changes, Commands, Operation
from hil_sim.network.relaying import grant, known_share
from hil_sim.network.streams import ChannelStep, ChannelStreams, CountingStreams
from hil_sim.world.receiver import Receiver
from hil_sim.world.streams import random_stream
from qkdctl.physics.photons import transmittance

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]
Places = slice | NDArray[np.int64]

_E6 = 1e-6
_TF = PROTOCOLS.index("tf")
_BLINDABLE = np.array([name in ("bb84", "bbm92") for name in PROTOCOLS])
"""Protocols whose receiver belongs to one of the two ends, by number."""


@dataclass(frozen=True, slots=True)
class Light:
    """The truth about the light of every link in an epoch; nobody in the network knows it.

    Attributes:
        mean_photon_number: of a signal pulse, shape (links,).
        loss_db: from source to receiver, shape (links,).
        errors: error probability of a photon in Z and in X, shape (2, links).
    """

    mean_photon_number: Floats
    loss_db: Floats
    errors: Floats


@dataclass(frozen=True, slots=True)
class Counted:
    """What the engines counted in an epoch.

    Attributes:
        pulses: emitted, shape (links,).
        sent, detected, errors: after sifting, shape (2 bases, cells, links); cells that a protocol lacks are 0.
    """

    pulses: Counts
    sent: Counts
    detected: Counts
    errors: Counts


@dataclass(frozen=True, slots=True)
class Served:
    """What the demands got in an epoch, in bits; arrays of shape (demands,).

    Attributes:
        asked: new requests.
        delivered: relayed and right.
        spoilt: withheld or corrupted on the way; the request waits on.
        leaked: expected bits of the delivered that somebody else knows.
        given_up: requests that had waited too long.
        waiting: still in the queue.
        used: key used for it on each link, shape (links,).
        authenticated: key that each link used to authenticate its own messages, shape (links,).
    """

    asked: Counts
    delivered: Counts
    spoilt: Counts
    leaked: Floats
    given_up: Counts
    waiting: Counts
    used: Counts
    authenticated: Counts


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
        buffers: key in store.
        queues: requests that wait.
        misconduct: the adversaries.
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
        self.buffers = KeyBuffers(self.stack.buffers)
        self.queues = Queues(self.stack.demands, epoch_s)
        self._streams = CountingStreams(self.stack)
        self._channels = ChannelStreams(self.stack, epoch_s)
        self.misconduct = Misconduct(self.stack)
        self._calibration = np.ones(links.count)
        self._authentication_due = np.zeros(links.count)
        self._epoch = 0
        for number, seed in enumerate(seeds):
            self.reset(number, seed)

    def reset(self, number: int, seed: int) -> None:
        """Put one network back to its start, with a new seed."""
        links, demands = self.stack.links_of[number], self.stack.demands_of[number]
        self._streams.reset(number, seed)
        self._channels.reset(number, seed)
        self.operation.reset(links)
        self.blocks.reset(links)
        self.buffers.reset(links)
        self.queues.reset(demands)
        self.misconduct.reset(number, seed)
        self._authentication_due[links] = 0.0
        # what a calibration promises is three standard deviations, and it is never worse
        off = random_stream(seed, "network", "calibration").standard_normal(links.stop - links.start)
        self._calibration[links] = 1 + np.clip(off / 3, -1, 1) * self.stack.links.calibration_uncertainty[links]

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
        routes = self._chosen(commands.route)
        channel, noise, conduct = self._channels.step(), self._streams.step(), self.misconduct.plan(trust)
        changes = self.operation.apply(commands, channel.rotation, noise.alignment)
        wasted = self.blocks.cut(changes.cut_blocks())
        light = self._light(channel, conduct)
        counted, expected = self._count(channel, light, changes.live_s, noise.counting, conduct)
        reports = self.misconduct.reports(counted, conduct, expected)
        watched = monitors(conduct, _BLINDABLE[self.operation.protocol])
        known = known_by_blinding(watched.photocurrent_deviation)
        self.blocks.add(counted.sent, counted.detected, counted.errors, known)
        key = self.blocks.harvest(self.operation.protocol, self.operation.mean_photon_number_e6, wasted)
        self.buffers.store(key.stored_bits, key.known_bits)
        authenticated = self._authenticate()
        served = self._serve(routes, noise.demands, conduct, authenticated)
        self.buffers.settle()
        self._epoch += 1
        measured_e6 = np.rint(self.operation.mean_photon_number_e6 * channel.source_factor).astype(np.int64)
        return Epoch(self._epoch, changes, light, counted, key, served, measured_e6, reports, watched, conduct)

    def _light(self, channel: ChannelStep, conduct: Conduct) -> Light:
        links, operation = self.stack.links, self.operation
        mean = operation.mean_photon_number_e6 * _E6 * self._calibration * channel.source_factor
        polarization = np.stack(basis_errors(multiply(operation.controller, channel.rotation)))
        errors = links.intrinsic_error + (1 - 2 * links.intrinsic_error) * polarization
        errors += (1 - 2 * errors) * channel.extra_error
        loss_db = np.maximum(links.nominal_loss_db + channel.excess_loss_db, 0.0)
        return Light(mean, loss_db, corrupted_errors(errors, conduct.states))

    def _count(
        self, channel: ChannelStep, light: Light, live_s: Floats, noise: Floats, conduct: Conduct
    ) -> tuple[Counted, tuple[Floats, Floats] | None]:
        """Counts, and the click probabilities without attacks on clicks where a forger asks for them."""
        links, protocol = self.stack.links, self.operation.protocol
        share = links.duty * np.where(protocol == _TF, 1 - links.reference_share, 1.0)
        pulses = np.rint(live_s * links.pulse_rate_hz * share)
        shape = (2, self.stack.cells, links.count)
        tables = [np.zeros(shape, dtype=np.int64) for _ in range(3)]
        expected = (np.zeros(shape), np.zeros(shape)) if conduct.reports.hide_decoys.any() else None
        for number, name in enumerate(PROTOCOLS):
            where = _places(protocol == number)
            if where is None:
                continue
            cells = CELLS[name]
            optics = self._optics(channel, light, where)
            clicks = CLICKS[name](optics)
            if expected is not None:
                expected[0][:, :cells, where], expected[1][:, :cells, where] = clicks.right, clicks.wrong
            clicks = under_attack(name, clicks, optics, conduct, where)
            drawn = noise[: 6 * cells, where].reshape(3, 2, cells, -1)
            either = clicks.right + clicks.wrong
            sent = binomial(pulses[where], clicks.sent, drawn[0])
            detected = binomial(sent, either, drawn[1])
            errors = binomial(detected, clicks.wrong / np.where(either > 0, either, 1.0), drawn[2])
            for table, counts in zip(tables, (sent, detected, errors), strict=True):
                table[:, :cells, where] = counts
        return Counted(pulses.astype(np.int64), *tables), expected

    def _optics(self, channel: ChannelStep, light: Light, where: Places) -> Optics:
        links = self.stack.links
        efficiency = links.efficiency[where] * channel.efficiency_factor[where]
        gate_s = links.gate_s[where]
        # noise light is shared by both detectors, and comes at any time within the gate
        through = transmittance(links.receiver_loss_db[where])
        noise_hz = channel.background_photons[where] * through * efficiency / (2 * gate_s)
        receiver = Receiver(
            efficiency=efficiency[np.newaxis],
            dark_rate_hz=(links.dark_rate_hz[where] * channel.dark_factor[where] + noise_hz)[np.newaxis],
            dead_time_s=links.dead_time_s[where][np.newaxis],
            afterpulse_probability=links.afterpulse_probability[where][np.newaxis],
            gated=links.gated[where][np.newaxis],
            gate_s=gate_s,
            pulse_rate_hz=links.pulse_rate_hz[where],
        )
        return Optics(
            mean_photon_number=light.mean_photon_number[where],
            loss_db=light.loss_db[where],
            receiver_loss_db=links.receiver_loss_db[where],
            basis_errors=light.errors[:, where],
            phase_error=channel.phase_error[where],
            receiver=receiver,
            ratios=links.ratios[:, where],
            shares=links.shares[:, where],
            bases=links.bases[:, where],
            sending=links.sending[where],
            slice_share=links.slice_share[where],
        )

    def _authenticate(self) -> Counts:
        """Use up what the links need to authenticate their own messages, out of the reserve if need be."""
        self._authentication_due += self.stack.authentication_bps * self.epoch_s
        whole = np.minimum(np.floor(self._authentication_due).astype(np.int64), self.buffers.bits)
        self._authentication_due = np.minimum(
            self._authentication_due - whole, self.stack.authentication_bps * self.epoch_s
        )
        self.buffers.use(whole)
        return whole

    def _chosen(self, route: Counts) -> Counts:
        """Numbers of the chosen routes in the table of all.

        Raises:
            ValueError: for a route that the demand does not have.
        """
        choices = self.stack.routes.choices()
        wrong = (route < 0) | (route >= choices)
        if wrong.any():
            demand = int(np.argmax(wrong))
            raise ValueError(f"demand {demand} has routes 0 to {choices[demand] - 1}, got {route[demand]}")
        return np.asarray(self.stack.routes.demand_offsets[:-1] + route)

    def _serve(self, routes: Counts, noise: Floats, conduct: Conduct, authenticated: Counts) -> Served:
        asked, given_up = self.queues.arrive(noise)
        granted, used = grant(self.stack.routes, routes, self.queues.waiting_bits, self.buffers.available())
        delivered, known = granted, known_share(self.stack.routes, routes, self.buffers.known_share())
        if conduct.relaying.any():
            outcome = relay_outcomes(self.stack.routes, conduct.relaying, conduct.coalition, routes)
            delivered = np.where(outcome.delivered, granted, 0)
            known = np.where(outcome.leaked, 1.0, known)
        self.buffers.use(used)
        self.queues.serve(delivered)
        waiting = self.queues.waiting_bits.copy()
        spoilt = granted - delivered
        return Served(asked, delivered, spoilt, delivered * known, given_up, waiting, used, authenticated)


def _places(mask: NDArray[np.bool_]) -> Places | None:
    """Where a mask holds: everything as a slice, which copies nothing; None for nowhere."""
    if mask.all():
        return slice(None)
    return np.flatnonzero(mask) if mask.any() else None
