"""Controllers that know the truth about every link: what a policy, which sees counts alone, is held against."""

from dataclasses import replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from hil_sim.network.foresight import Settings, aligned, key_bps, present_settings
from hil_sim.network.hardware import PROTOCOLS
from qkdctl.policy.actions import ACTIONS, HOLD, Action
from qkdctl_policies.environment.network_env import NetworkEnv
from qkdctl_policies.environment.rules import moved

Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]

HORIZONS: Final = (1, 6, 20, 60)
"""Epochs to look ahead, of which the best in hindsight is taken as the most that is known to be possible."""


class InformedContender:
    """Knows channel, calibration, detectors and attackers as they are, and takes the action of most key.

    It weighs what each action makes of the next epochs, if the channel stays as it is, against the time without light
    and the part of a key block that it costs. It does not know what the channel will do.

    Args:
        horizon: epochs to look ahead; 1 is the greedy controller.
    """

    def __init__(self, horizon: int = 1) -> None:
        self._horizon = horizon

    def begin(self, env: NetworkEnv) -> None:
        """It has no memory."""

    def choose(self, env: NetworkEnv, rows: NDArray[np.floating[Any]], legal: Flags) -> Integers:  # noqa: ARG002 - as the protocol
        """The legal action of most key; hold where none makes more."""
        if env.last is None:
            return np.zeros(len(legal), dtype=np.int64)
        world, links = env.world, env.world.stack.links
        now = present_settings(world)
        ahead_s = self._horizon * env.settings.epoch_s
        holding_bps = key_bps(world, env.last, now)
        at_stake = np.where(links.running_credit, 0.0, holding_bps * world.blocks.age_s)
        worth = np.full(legal.shape, -np.inf)
        worth[:, HOLD.index] = holding_bps * ahead_s
        rested = env.link_views().state.epochs_since_realign >= env.settings.shield.realign_rest_epochs
        for action in ACTIONS[1:]:
            able = legal[:, action.index] & (rested if action.realign else True)
            if able.any():
                settings, dark_s = self._after(env, now, action, able)
                made = key_bps(world, env.last, settings) * np.maximum(ahead_s - dark_s, 0.0)
                worth[able, action.index] = (made - at_stake)[able]
        return np.asarray(worth.argmax(axis=1))

    def _after(self, env: NetworkEnv, now: Settings, action: Action, able: Flags) -> tuple[Settings, Floats]:
        """The settings after an action where it can be taken, and the time without light that it costs."""
        world, links = env.world, env.world.stack.links
        if action.realign:
            there = np.where(able[:, np.newaxis], aligned(world), now.controller)
            return replace(now, controller=there), np.where(able, links.realign_s, 0.0)
        if action.protocol:
            number = np.int8(PROTOCOLS.index(action.protocol))
            highest = links.highest_e6[number]
            power = np.where(able, np.minimum(now.mean_photon_number_e6, highest), now.mean_photon_number_e6)
            settings = replace(now, protocol=np.where(able, number, now.protocol), mean_photon_number_e6=power)
            return settings, np.where(able, links.switch_s, 0.0)
        power = np.where(
            able, moved(now.mean_photon_number_e6, np.full(able.size, action.steps)), now.mean_photon_number_e6
        )
        return replace(now, mean_photon_number_e6=power), np.zeros(able.size)
