"""What each action would make of the links, for those who know the truth about them."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hil_sim.network.foresight import UNSEEN, Settings, aligned, key_bps, present_settings
from hil_sim.network.hardware import PROTOCOLS
from hil_sim.network.world import NetworkWorld
from qkdctl.policy.actions import ACTIONS, HOLD, Action
from qkdctl_policies.environment.network_env import NetworkEnv
from qkdctl_policies.environment.rules import moved

Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Prospects:
    """What would come of each action while the channels stay as they are; shape (links, actions) unless said otherwise.

    Attributes:
        key_bps: key per second afterwards, 0 for what cannot be done.
        dark_s: time without key at first.
        at_stake_bits: key of the present block, which every action but hold loses; shape (links,).
        able: what is legal and, for re-alignments, rested enough for the shield; hold always is.
    """

    key_bps: Floats
    dark_s: Floats
    at_stake_bits: Floats
    able: Flags

    def worth_bits(self, ahead_s: float) -> Floats:
        """Key made within a time, less what is lost of the present block; -inf for what cannot be done."""
        made = self.key_bps * np.maximum(ahead_s - self.dark_s, 0.0)
        lost = np.broadcast_to(self.at_stake_bits[:, np.newaxis], made.shape).copy()
        lost[:, HOLD.index] = 0.0
        return np.where(self.able, made - lost, -np.inf)


def prospects(env: NetworkEnv, legal: Flags) -> Prospects:
    """Look at every legal action of every link.

    Args:
        env: after its first epoch.
        legal: what may be done, shape (links, actions).

    Raises:
        ValueError: before the first epoch, when nothing is known of the channels.
    """
    world = env.world
    if env.last is None:
        raise ValueError("nothing is known of the channels before the first epoch")
    now = present_settings(world)
    rates, dark_s, able = np.zeros(legal.shape), np.zeros(legal.shape), np.zeros(legal.shape, dtype=np.bool_)
    rates[:, HOLD.index] = key_bps(world, env.last, now)
    able[:, HOLD.index] = True
    rested = env.link_views().state.epochs_since_realign >= env.settings.shield.realign_rest_epochs
    for action in ACTIONS[1:]:
        can = legal[:, action.index] & (rested if action.realign else True)
        if can.any():
            settings, dark = _after(world, now, action)
            seen = replace(settings, protocol=np.where(can, settings.protocol, np.int8(UNSEEN)))
            rates[:, action.index] = key_bps(world, env.last, seen)
            dark_s[:, action.index], able[:, action.index] = np.where(can, dark, 0.0), can
    at_stake = np.where(world.stack.links.running_credit, 0.0, rates[:, HOLD.index] * world.blocks.age_s)
    return Prospects(rates, dark_s, at_stake, able)


def _after(world: NetworkWorld, now: Settings, action: Action) -> tuple[Settings, Floats]:
    """The settings of all links after an action that some cannot take, and the time without light that it costs."""
    links = world.stack.links
    if action.realign:
        return replace(now, controller=aligned(world)), links.realign_s
    if action.protocol:
        number = np.int8(PROTOCOLS.index(action.protocol))
        power = np.minimum(now.mean_photon_number_e6, links.highest_e6[number])
        return replace(now, protocol=np.full_like(now.protocol, number), mean_photon_number_e6=power), links.switch_s
    power = moved(now.mean_photon_number_e6, np.full(links.count, action.steps))
    return replace(now, mean_photon_number_e6=power), np.zeros(links.count)
