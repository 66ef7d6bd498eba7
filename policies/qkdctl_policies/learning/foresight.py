"""What each action of an episode would have been worth, found out when the episode is over.

A policy that learns by temporal differences hears of one action at a time, through the noise of everything else that
happens to a link. Whoever runs the simulation can do better: it knows what key a link would make at any setting, and,
when the episode is over, what its fibre went on to do. So every action of every epoch gets a return, those not taken
too. The policy, which knows neither, is taught what they are worth on average to links that look the same to it.
"""

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from hil_sim.channels.quaternions import conjugate, multiply
from hil_sim.network.foresight import aligned, key_bps, present_settings
from hil_sim.network.hardware import PROTOCOLS
from qkdctl.policy.actions import ACTIONS, HOLD
from qkdctl_policies.environment.network_env import NetworkEnv
from qkdctl_policies.environment.rules import moved
from qkdctl_policies.learning.config import LEAST_AHEAD
from qkdctl_policies.learning.config_sections import RewardSection
from qkdctl_policies.learning.key_surface import KeySurface, weights_of
from qkdctl_policies.learning.lessons import Lessons

Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]

_LEAST_SCALE, _MOST_SCALE = 0.2, 5.0


@dataclass(frozen=True, slots=True)
class _Note:
    """An epoch before which something was decided; arrays of shape (links, ...)."""

    rows: NDArray[np.float32]
    legal: Flags
    refused: Flags
    mean_photon_number_e6: NDArray[np.int64]
    protocol: NDArray[np.int8]
    controller: Floats
    fibre: Floats
    aligned_bps: Floats
    at_stake_bits: Floats


@dataclass
class Foresight:
    """Follows the links of an episode.

    Attributes:
        env: the networks.
        reference_bps: key per second of each link that counts as 1, shape (links,).
        costs: of actions.
        horizon: epochs looked ahead, 1 or more; gamma: discount per epoch.
    """

    env: NetworkEnv
    reference_bps: Floats
    costs: RewardSection
    horizon: int
    gamma: float
    _notes: list[_Note] = field(init=False, default_factory=list)
    _surface: KeySurface | None = field(init=False, default=None)
    _left: Floats = field(init=False, default_factory=lambda: np.zeros((0, 4)))

    def note(self, rows: NDArray[np.float32], legal: Flags) -> None:
        """Remember what is decided on before the coming epoch.

        Args:
            rows: what a policy sees, (links, features).
            legal: what may be done, (links, actions).

        Raises:
            ValueError: before the first epoch is over, when nothing is known of the channels.
        """
        world = self.env.world
        if self.env.last is None or world.channel is None:
            raise ValueError("nothing is known of the channels before the first epoch")
        straight = aligned(world)
        if self._surface is None:
            self._surface = KeySurface.of(world, self.env.last)
            # what an alignment leaves is the same whatever the fibre is
            self._left = multiply(straight, world.channel.rotation)
        now = present_settings(world)
        holding_bps = key_bps(world, self.env.last, now)
        aligned_bps = key_bps(world, self.env.last, replace(now, controller=straight))
        running = world.stack.links.running_credit
        self._notes.append(
            _Note(
                rows=rows,
                legal=legal,
                refused=self.env.refused(),
                mean_photon_number_e6=now.mean_photon_number_e6.copy(),
                protocol=now.protocol.copy(),
                controller=now.controller.copy(),
                fibre=world.channel.rotation.copy(),
                aligned_bps=aligned_bps,
                at_stake_bits=np.where(running, 0.0, holding_bps * world.blocks.age_s),
            )
        )

    def lessons(self) -> Lessons:
        """What was to be learned from the episode, epoch by epoch.

        Raises:
            ValueError: when nothing was noted.
        """
        if self._surface is None:
            raise ValueError("nothing was noted of this episode")
        told = max(len(self._notes) - min(LEAST_AHEAD, self.horizon), 0)
        fibre = np.array([note.fibre for note in self._notes])
        gains = [self._gains(self._surface, place, fibre) for place in range(told)]
        notes, width = self._notes[:told], len(ACTIONS)
        known = np.array([note.legal for note in notes], dtype=np.bool_).reshape(-1, width)
        refused = np.array([note.refused for note in notes], dtype=np.bool_).reshape(-1, width)
        prices = np.array(
            [self.costs.move * (one.steps != 0) + self.costs.switch * (one.protocol != "") for one in ACTIONS]
        )
        gain = np.array(gains).reshape(-1, width) - prices / self._ahead
        gain = np.where(refused, -self.costs.intervention / self._ahead, gain)
        gain = np.where(known, np.clip(gain, -1.0, 1.0), 0.0)
        rows = np.concatenate([note.rows for note in self._notes])[: len(gain)]
        return Lessons(rows, gain.astype(np.float32), known)

    @property
    def _ahead(self) -> float:
        """Epochs ahead, each by its discount."""
        return float(_discounts(self.gamma, self.horizon).sum())

    def _gains(self, surface: KeySurface, place: int, fibre: Floats) -> Floats:
        """Key that each action makes more than hold, per epoch and as a share of the reference, (links, actions).

        After an alignment the controller undoes what the fibre was when it ended, after everything else it stays as it
        is; nothing else is done later on. The fibre goes on as it really did.
        """
        note, links, epoch_s = self._notes[place], surface.links, self.env.settings.epoch_s
        future = fibre[place + 1 : place + 1 + self.horizon]
        discounts = _discounts(self.gamma, len(future))
        weight = discounts[:, np.newaxis] * np.ones(links.count)
        ordinal = np.arange(1, len(future) + 1)[:, np.newaxis]

        def live(dark_s: Floats) -> Floats:
            return weight * np.clip(ordinal - dark_s / epoch_s, 0.0, 1.0)

        at = surface.at(note.protocol, note.mean_photon_number_e6)
        as_aligned = weights_of(surface.levels_of(self._left)[np.newaxis], np.ones((1, links.count)))
        # what has changed since the surface was found, such as the loss, changes all of it alike
        scale = note.aligned_bps / np.maximum((as_aligned * at).sum(axis=0), 1e-9)
        scale = np.clip(scale, _LEAST_SCALE, _MOST_SCALE)
        staying = surface.levels_of(multiply(note.controller, future))
        holding = weights_of(staying, weight)
        worth = np.zeros((len(ACTIONS), links.count))
        worth[HOLD.index] = (holding * at).sum(axis=0)
        for action in ACTIONS[1:]:
            if action.realign:
                ends = np.maximum(np.ceil(links.realign_s / epoch_s - 1e-9).astype(np.int64), 1)
                there = fibre[np.minimum(place + ends, len(fibre) - 1), np.arange(links.count)]
                turned = surface.levels_of(multiply(multiply(self._left, conjugate(there)), future))
                worth[action.index] = (weights_of(turned, live(links.realign_s)) * at).sum(axis=0)
            elif action.steps:
                power = moved(note.mean_photon_number_e6, np.full(links.count, action.steps))
                worth[action.index] = (holding * surface.at(note.protocol, power)).sum(axis=0)
            elif note.legal[:, action.index].any():
                number = np.full(links.count, PROTOCOLS.index(action.protocol))
                power = np.minimum(note.mean_photon_number_e6, links.highest_e6[number, np.arange(links.count)])
                counts = weights_of(staying, live(links.switch_s))
                worth[action.index] = (counts * surface.at(number, power)).sum(axis=0)
        more = (worth - worth[HOLD.index]) * scale
        more[1:] -= note.at_stake_bits / epoch_s
        # one after the other, as NumPy sums rows, so that it does not matter how many links there are
        return np.asarray((more / (np.cumsum(discounts)[-1] * self.reference_bps)).T)


def _discounts(gamma: float, epochs: int) -> Floats:
    return np.asarray(gamma ** np.arange(epochs))
