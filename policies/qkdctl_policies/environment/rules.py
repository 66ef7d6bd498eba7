"""Legality and shield for many links at once: the rules of `qkdctl.policy`, element by element."""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hil_sim.network.hardware import PROTOCOLS
from qkdctl.policy.actions import ACTIONS, HOLD
from qkdctl.policy.intensities import MEAN_PHOTON_NUMBERS_E6, STEPS, step_below
from qkdctl.policy.shield_settings import ShieldSettings
from qkdctl_policies.environment.link_views import LinkViews

Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]

_TABLE: Final = np.array(MEAN_PHOTON_NUMBERS_E6, dtype=np.int64)
_MOVES: Final = np.array([action.steps for action in ACTIONS], dtype=np.int64)
_REALIGN: Final = np.array([action.realign for action in ACTIONS])
_TARGET: Final = np.array([PROTOCOLS.index(a.protocol) if a.protocol else -1 for a in ACTIONS], dtype=np.int64)
_PPM: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Decided:
    """What the shield lets through; arrays of shape (links,).

    Attributes:
        mean_photon_number_e6, protocol_number, realign: settings of the next epoch.
        intervened: the shield changed the proposal.
    """

    mean_photon_number_e6: Integers
    protocol_number: NDArray[np.int8]
    realign: Flags
    intervened: Flags

    def with_illegal(self, illegal: Flags) -> "Decided":
        """The same, where links that were to do something illegal count as changed too."""
        return replace(self, intervened=self.intervened | illegal)


class Events:
    """When links last switched and re-aligned, as far back as the shield's budgets look.

    The last so many epochs of each are kept, newest last, shape (budget, links).
    """

    def __init__(self, links: int, settings: ShieldSettings) -> None:
        self.switches = np.full((max(settings.switches_per_hour, 1), links), _LONG_AGO)
        self.realigns = np.full((max(settings.realigns_per_hour, 1), links), _LONG_AGO)

    def reset(self, links: slice) -> None:
        """Forget what happened on some links."""
        self.switches[:, links] = self.realigns[:, links] = _LONG_AGO

    def note(self, epoch: int, switched: Flags, realigned: Flags) -> None:
        """Remember the plans of an epoch."""
        for table, happened in ((self.switches, switched), (self.realigns, realigned)):
            links = np.flatnonzero(happened)
            table[:-1, links] = table[1:, links]
            table[-1, links] = epoch


_LONG_AGO: Final = -(2**40)


def legal_actions(views: LinkViews) -> Flags:
    """Mask over the action table, shape (links, actions), as `qkdctl.policy.actions.legal` gives it."""
    state, facts = views.state, views.facts
    now = state.mean_photon_number_e6
    links = now.size
    mask = np.zeros((links, len(ACTIONS)), dtype=np.bool_)
    rested = state.epochs_since_protocol_change >= facts.dwell_epochs
    for action in ACTIONS:
        column = mask[:, action.index]
        if action.realign:
            column[:] = facts.can_realign > 0
        elif action.protocol:
            number = _TARGET[action.index]
            column[:] = (facts.qber_limit_ppm[number] > 0) & rested & (state.protocol_number != number)
        elif action.steps:
            target = moved(now, np.full(links, action.steps))
            allowed = True if action.steps < 0 else target <= views.highest_allowed_e6
            column[:] = (target != now) & allowed
        else:
            column[:] = True
    mask[state.valid == 0, 1:] = False
    return mask


def moved(mean_photon_number_e6: Integers, steps: Integers) -> Integers:
    """Mean photon numbers after so many table steps each, as `qkdctl.policy.intensities.moved` gives them."""
    now = mean_photon_number_e6
    below = step_below(now)
    above = np.searchsorted(_TABLE, now, side="left")
    up = np.maximum(now, _TABLE[np.clip(below + steps, 0, STEPS - 1)])
    down = np.minimum(now, _TABLE[np.clip(above + steps, 0, STEPS - 1)])
    return np.where((now == 0) | (steps == 0), now, np.where(steps > 0, up, down))


def shield_links(
    views: LinkViews, actions: Integers, settings: ShieldSettings, events: Events, epoch: int, groups: Integers
) -> Decided:
    """What `qkdctl.policy.shield` makes of one action per link.

    Args:
        views: what is agreed about the links.
        actions: indices into the action table, shape (links,).
        settings: the operator's limits.
        events: what happened before; not changed.
        epoch: of the state.
        groups: number of the network of each link, shape (links,); shares of switching links count in each.
    """
    state = views.state
    now = state.mean_photon_number_e6
    proposed = actions
    actions = np.where(state.running > 0, actions, HOLD.index)
    steps = _MOVES[actions]
    realign = _REALIGN[actions] & ~_no_realign(views, settings, events, epoch)
    wanted = _TARGET[actions]
    switch = (wanted >= 0) & ~_no_switch(views, wanted, settings, events, epoch)
    switch &= _first_in_line(switch, state.epochs_since_protocol_change, groups, settings)
    target = moved(now, steps)
    move = (steps != 0) & (target != now) & ~((steps > 0) & _no_raise(views, settings))
    protocol = np.where(switch, wanted, state.protocol_number)
    final = _limited(views, np.where(move, target, now), protocol, settings)
    asked = proposed != HOLD.index
    granted = realign | switch | move
    return Decided(
        mean_photon_number_e6=final,
        protocol_number=protocol.astype(np.int8),
        realign=realign,
        intervened=(asked & ~granted) | (final != np.where(move, target, now)),
    )


def refused_actions(views: LinkViews, settings: ShieldSettings, events: Events, epoch: int) -> Flags:
    """Actions that the shield would turn into hold on the link alone, shape (links, actions).

    Shares of links that may switch together are left out, as they depend on what the others do. Other arguments as in
    `shield_links`.
    """
    refused = np.zeros((views.state.mean_photon_number_e6.size, len(ACTIONS)), dtype=np.bool_)
    no_realign, no_raise = _no_realign(views, settings, events, epoch), _no_raise(views, settings)
    for action in ACTIONS:
        if action.realign:
            refused[:, action.index] = no_realign
        elif action.steps > 0:
            refused[:, action.index] = no_raise
        elif action.protocol:
            wanted = np.full(len(refused), _TARGET[action.index])
            refused[:, action.index] = _no_switch(views, wanted, settings, events, epoch)
    return refused


def _limited(views: LinkViews, target: Integers, protocol: Integers, settings: ShieldSettings) -> Integers:
    """The targets within the bound on raises and the cap."""
    now = views.state.mean_photon_number_e6
    bound = now * (_PPM + settings.max_raise_ppm) // _PPM
    target = np.where(target > bound, np.maximum(now, _at_most(bound)), target)
    cap = views.facts.highest_allowed_e6[protocol, np.arange(now.size)]
    measured = np.maximum(views.state.measured_mean_photon_number_e6, 1)
    cap = np.where(_exceeds_set_power(views), cap * now // measured, cap)
    within = _at_most(cap)
    return np.where(target > cap, np.where(now <= cap, np.maximum(now, within), within), target)


def _at_most(limit: Integers) -> Integers:
    step = step_below(limit)
    return np.where(step >= 0, _TABLE[np.maximum(step, 0)], limit)


def _exceeds_set_power(views: LinkViews) -> Flags:
    state = views.state
    bound = state.mean_photon_number_e6 * (_PPM + views.facts.calibration_uncertainty_ppm)
    return np.asarray(state.measured_mean_photon_number_e6 * _PPM > bound)


def _no_raise(views: LinkViews, settings: ShieldSettings) -> Flags:
    state = views.state
    worst = np.maximum.reduce([state.qber_z.level, state.qber_z.average, state.qber_x.level, state.qber_x.average])
    thin = views.qber_limit_ppm - worst < settings.qber_margin_ppm
    stale = (state.valid == 0) | (state.age_ms > settings.stale_after_ms)
    return np.asarray(stale | _exceeds_set_power(views) | thin)


def _no_realign(views: LinkViews, settings: ShieldSettings, events: Events, epoch: int) -> Flags:
    rest = settings.realign_rest_epochs
    resting = (views.state.epochs_since_realign < rest) | (epoch - events.realigns[-1] < rest)
    spent = epoch - events.realigns[0] < settings.window_epochs(views.epoch_ms)
    return np.asarray((views.facts.can_realign == 0) | resting | spent | (settings.realigns_per_hour == 0))


def _no_switch(views: LinkViews, wanted: Integers, settings: ShieldSettings, events: Events, epoch: int) -> Flags:
    state, facts = views.state, views.facts
    unable = facts.qber_limit_ppm[np.maximum(wanted, 0), np.arange(wanted.size)] == 0
    dwell = facts.dwell_epochs
    early = (state.epochs_since_protocol_change < dwell) | (epoch - events.switches[-1] < dwell)
    spent = epoch - events.switches[0] < settings.window_epochs(views.epoch_ms)
    return np.asarray(unable | (wanted == state.protocol_number) | early | spent | (settings.switches_per_hour == 0))


def _first_in_line(candidates: Flags, since: Integers, groups: Integers, settings: ShieldSettings) -> Flags:
    """Candidates that may switch: in each network those longest without a change, up to the share allowed."""
    chosen = np.zeros_like(candidates)
    if not candidates.any():
        return chosen
    sizes = np.bincount(groups)
    links = np.flatnonzero(candidates)
    order = links[np.lexsort((links, -since[links], groups[links]))]
    group = groups[order]
    begins = np.searchsorted(group, group, side="left")
    place = np.arange(order.size) - begins
    allowed = np.array([settings.switching_links(int(size)) for size in sizes])
    chosen[order[place < allowed[group]]] = True
    return chosen
