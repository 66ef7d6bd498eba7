"""What each action of an episode would have been worth, found out when the episode is over.

A policy that learns by temporal differences hears of one action at a time, through the noise of everything else that
happens to a link. Whoever runs the simulation can do better: it knows what key a link would make at any setting, and,
when the episode is over, what its fibre went on to do. So every action of every epoch gets a return, those not taken
too. The policy, which knows neither, is taught what they are worth on average to links that look the same to it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hil_sim.channels.quaternions import conjugate, multiply
from hil_sim.network.foresight import Settings, aligned, key_bps, present_settings
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
_SCALED_EVERY: Final = 5
"""Epochs after which it is found out anew what has changed since the surface was found, such as the loss, which changes
all of it alike."""
_GUIDE_EPOCHS: Final = 12
"""How far the guide looks ahead; of single horizons nearly the best on all scenarios."""


@dataclass(frozen=True, slots=True)
class _Note:
    """An epoch before which something was decided; arrays of shape (links, ...).

    Attributes:
        scale: key that each link makes now for what the surface says, see `_SCALED_EVERY`.
    """

    rows: NDArray[np.float32]
    legal: Flags
    refused: Flags
    mean_photon_number_e6: NDArray[np.int64]
    protocol: NDArray[np.int8]
    controller: Floats
    fibre: Floats
    scale: Floats
    age_s: Floats


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
    _scale: Floats = field(init=False, default_factory=lambda: np.zeros(0))

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
        if len(self._notes) % _SCALED_EVERY == 0:
            aligned_bps = key_bps(world, self.env.last, replace(now, controller=straight))
            self._scale = self._changed(self._surface, aligned_bps, now)
        self._notes.append(
            _Note(
                rows=rows,
                legal=legal,
                refused=self.env.refused(),
                mean_photon_number_e6=now.mean_photon_number_e6.copy(),
                protocol=now.protocol.copy(),
                controller=now.controller.copy(),
                fibre=world.channel.rotation.copy(),
                scale=self._scale,
                age_s=world.blocks.age_s.copy(),
            )
        )

    def guided(self) -> NDArray[np.int64]:
        """The action of most key on each link by the last note, if its fibre stayed as it is.

        So would somebody choose who knows the truth about the present and nothing of what is to come.

        Raises:
            ValueError: when nothing was noted.
        """
        if self._surface is None:
            raise ValueError("nothing was noted of this episode")
        note = self._notes[-1]
        future = np.broadcast_to(note.fibre, (_GUIDE_EPOCHS, *note.fibre.shape))
        levels = self._surface.levels_of(multiply(note.controller, note.fibre))
        staying = np.broadcast_to(levels, (1 + _GUIDE_EPOCHS, levels.size))
        gains = self._gains(self._surface, note, staying, future, note.fibre, np.ones(_GUIDE_EPOCHS))
        return np.asarray(np.where(note.legal & ~note.refused, gains, -np.inf).argmax(axis=1))

    def lessons(self) -> Lessons:
        """What was to be learned from the episode, epoch by epoch.

        Raises:
            ValueError: when nothing was noted.
        """
        if self._surface is None:
            raise ValueError("nothing was noted of this episode")
        told = max(len(self._notes) - min(LEAST_AHEAD, self.horizon), 0)
        fibre = np.array([note.fibre for note in self._notes])
        links, discounts = np.arange(fibre.shape[1]), np.power(self.gamma, np.arange(self.horizon, dtype=np.float64))
        ends = np.maximum(np.ceil(self._surface.links.realign_s / self.env.settings.epoch_s - 1e-9).astype(np.int64), 1)
        gains = [
            self._gains(
                self._surface,
                self._notes[place],
                levels,
                fibre[place + 1 : place + 1 + self.horizon],
                fibre[np.minimum(place + ends, len(fibre) - 1), links],
                discounts[: len(levels) - 1],
            )
            for place, levels in self._staying(self._surface, fibre, told)
        ]
        notes, width = self._notes[:told], len(ACTIONS)
        known = np.array([note.legal for note in notes], dtype=np.bool_).reshape(-1, width)
        refused = np.array([note.refused for note in notes], dtype=np.bool_).reshape(-1, width)
        prices = np.array(
            [self.costs.move * (one.steps != 0) + self.costs.switch * (one.protocol != "") for one in ACTIONS]
        )
        gain = np.array(gains).reshape(-1, width) - prices / discounts.sum()
        gain = np.where(refused, -self.costs.intervention / discounts.sum(), gain)
        gain = np.where(known, np.clip(gain, -1.0, 1.0), 0.0)
        rows = np.concatenate([note.rows for note in self._notes])[: len(gain)]
        return Lessons(rows, gain.astype(np.float32), known)

    def _changed(self, surface: KeySurface, aligned_bps: Floats, now: Settings) -> Floats:
        """Key that aligned links make for what the surface says of them, shape (links,)."""
        levels = weights_of(surface.levels_of(self._left)[np.newaxis], np.ones((1, surface.links.count)))
        as_found = (levels * surface.at(now.protocol, now.mean_photon_number_e6)).sum(axis=0)
        return np.clip(aligned_bps / np.maximum(as_found, 1e-9), _LEAST_SCALE, _MOST_SCALE)

    def _staying(self, surface: KeySurface, fibre: Floats, told: int) -> Iterator[tuple[int, Floats]]:
        """Each place, and the levels from there on if the controllers stayed as they were there, (epochs, links).

        They are found out again where a controller has moved since the place before, which few do.
        """
        levels = np.zeros(fibre.shape[:2])
        before = np.full_like(fibre[0], np.nan)
        for place, note in enumerate(self._notes[:told]):
            moved_on = np.flatnonzero((note.controller != before).any(axis=1))
            turned = multiply(note.controller[moved_on], fibre[place:, moved_on])
            levels[place:, moved_on] = surface.levels_of(turned, moved_on)
            before = note.controller
            yield place, levels[place : place + 1 + self.horizon]

    def _gains(
        self, surface: KeySurface, note: _Note, staying: Floats, future: Floats, there: Floats, discounts: Floats
    ) -> Floats:
        """Key that each action makes more than hold, per epoch and as a share of the reference, (links, actions).

        After an alignment the controller undoes what the fibre was when it ended, after everything else it stays as it
        is; nothing else is done later on.

        Args:
            surface: of key.
            note: before the action.
            staying: levels if nothing is done, now and in the epochs ahead, (1 + epochs, links).
            future: fibre in the epochs ahead, (epochs, links, 4).
            there: fibre when an alignment ends, (links, 4).
            discounts: of the epochs ahead.
        """
        links, epoch_s = surface.links, self.env.settings.epoch_s
        weight = discounts[:, np.newaxis] * np.ones(links.count)
        ordinal = np.arange(1, len(future) + 1)[:, np.newaxis]

        def live(dark_s: Floats) -> Floats:
            return weight * np.clip(ordinal - dark_s / epoch_s, 0.0, 1.0)

        at = surface.at(note.protocol, note.mean_photon_number_e6)
        holding_bps = (weights_of(staying[:1], np.ones((1, links.count))) * at).sum(axis=0)
        at_stake_bits = np.where(links.running_credit, 0.0, holding_bps * note.age_s)
        holding = weights_of(staying[1:], weight)
        worth = np.zeros((len(ACTIONS), links.count))
        worth[HOLD.index] = (holding * at).sum(axis=0)
        for action in ACTIONS[1:]:
            if action.realign:
                turned = surface.levels_of(multiply(multiply(self._left, conjugate(there)), future))
                worth[action.index] = (weights_of(turned, live(links.realign_s)) * at).sum(axis=0)
            elif action.steps:
                power = moved(note.mean_photon_number_e6, np.full(links.count, action.steps))
                worth[action.index] = (holding * surface.at(note.protocol, power)).sum(axis=0)
            elif note.legal[:, action.index].any():
                number = np.full(links.count, PROTOCOLS.index(action.protocol))
                power = np.minimum(note.mean_photon_number_e6, links.highest_e6[number, np.arange(links.count)])
                counts = weights_of(staying[1:], live(links.switch_s))
                worth[action.index] = (counts * surface.at(number, power)).sum(axis=0)
        worth -= worth[HOLD.index]
        worth[1:] -= at_stake_bits / epoch_s
        # one after the other, as NumPy sums rows, so that it does not matter how many links there are
        return np.asarray((worth * note.scale / (np.cumsum(discounts)[-1] * self.reference_bps)).T)
