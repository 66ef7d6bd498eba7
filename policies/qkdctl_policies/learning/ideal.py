"""What the same links would be worth if alignment cost nothing: the upper end of the scale for scores."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hil_sim.network.hardware import PROTOCOLS
from hil_sim.network.network import Network
from qkdctl_policies.environment.network_env import EnvSettings, NetworkEnv
from qkdctl_policies.learning.contenders import HoldContender
from qkdctl_policies.learning.exploration import REALIGN
from qkdctl_policies.learning.play import Played, play

Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]

FIXED_E6: Final = (100_000, 200_000, 300_000, 400_000, 500_000, 600_000, 700_000)
"""Mean photon numbers of which the best is taken in hindsight, per network."""


REFERENCE_E6: Final = 500_000
REFERENCE_EPOCHS: Final = 10
LEAST_BPS: Final = 1.0


class _AlwaysRealign:
    """Re-aligns whatever can be, in every epoch."""

    def begin(self, env: NetworkEnv) -> None:
        """There is nothing to forget."""

    def choose(self, env: NetworkEnv, rows: Floats, legal: Flags) -> NDArray[np.int64]:  # noqa: ARG002 - as the protocol
        """Re-align where it is legal."""
        return legal[:, REALIGN] * REALIGN


def ideal(
    networks: Iterable[Network], seeds: list[int], how: EnvSettings, powers: tuple[int, ...] = FIXED_E6
) -> Played:
    """Free and perfect re-alignment before every epoch, no block ever lost or finite, best fixed power of these.

    Each link runs whichever of its protocols makes most key at whichever power does, from the beginning. No policy can
    reach it where alignment costs time.
    """
    free = [_free(network) for network in networks]
    shield = replace(how.shield, realign_rest_epochs=0, realigns_per_hour=round(3600 / how.epoch_s) + 1)
    settings = replace(how, shield=shield)
    everywhere = np.ones(len(free), dtype=np.bool_)
    runs = [_run(free, everywhere, seeds, settings, power) for power in powers]
    for number in range(len(PROTOCOLS)):
        other = np.array([bool((n.links.supported[number] & (n.links.first_protocol != number)).any()) for n in free])
        if other.any():
            running = [_running(network, number) for network in free]
            runs += [_run(running, other, seeds, settings, power) for power in powers]
    return best_of(runs)


def _run(networks: list[Network], chosen: Flags, seeds: list[int], how: EnvSettings, power_e6: int) -> Played:
    """Some of the networks at one power; all others make nothing."""
    places = np.flatnonzero(chosen)
    played = play(
        _env([networks[place] for place in places], power_e6, how), [seeds[place] for place in places], _AlwaysRealign()
    )
    links = np.repeat(chosen, [network.links.count for network in networks])
    figures = {}
    for name in Played.__slots__:
        mask = links if name == "link_key_bps" else chosen
        figures[name] = np.zeros(mask.size)
        figures[name][mask] = getattr(played, name)
    return Played(**figures)


def reference_bps(networks: Iterable[Network], seeds: list[int], how: EnvSettings) -> Floats:
    """Key per second of each link under ideal control at one middling power in a few epochs, at least 1 bit/s."""
    short = replace(how, epochs=REFERENCE_EPOCHS)
    return np.maximum(ideal(networks, seeds, short, (REFERENCE_E6,)).link_key_bps, LEAST_BPS)


def best_fixed(
    networks: Iterable[Network], seeds: list[int], how: EnvSettings, powers: tuple[int, ...] = FIXED_E6
) -> Played:
    """The best of these powers for each network in hindsight, never changed, never re-aligned."""
    kept = list(networks)
    return best_of([play(_env(kept, power, how), seeds, HoldContender()) for power in powers])


def _env(networks: list[Network], power_e6: int, how: EnvSettings) -> NetworkEnv:
    return NetworkEnv([_starting_at(network, power_e6) for network in networks], how)


def _starting_at(network: Network, power_e6: int) -> Network:
    links = network.links
    highest = links.highest_e6[links.first_protocol, np.arange(links.count)]
    return replace(network, links=replace(links, start_e6=np.minimum(power_e6, highest)))


def _running(network: Network, number: int) -> Network:
    """The same, beginning with this protocol where a link has it."""
    links = network.links
    first = np.where(links.supported[number], number, links.first_protocol).astype(np.int8)
    return replace(network, links=replace(links, first_protocol=first))


def _free(network: Network) -> Network:
    links = network.links
    none = np.zeros_like(links.realign_s)
    always = np.ones(links.count, dtype=np.bool_)
    free = replace(
        links, realign_s=none, realign_residual_rad=none, running_credit=always, finite=~always, can_realign=always
    )
    return replace(network, links=free)


def best_of(runs: Sequence[Played]) -> Played:
    """Of each network the run of most key; the key of a link is its own best."""
    best = np.argmax([run.key_bps for run in runs], axis=0)
    networks = np.arange(best.size)
    figures = {name: np.array([getattr(run, name) for run in runs]) for name in Played.__slots__}
    of_links = figures.pop("link_key_bps").max(axis=0)
    return Played(link_key_bps=of_links, **{name: rows[best, networks] for name, rows in figures.items()})
