"""Networks of every kind, commanded at random, and all that happens in them as plain arrays."""

from dataclasses import fields, is_dataclass

import numpy as np

from hil_sim.adversary.adversary import Act, Adversary
from hil_sim.adversary.duty import Duty
from hil_sim.channels.presets import AERIAL, BURIED_METRO, COEXISTENCE, DEMONSTRATION, FREE_SPACE
from hil_sim.network.hardware import KeyBlocks
from hil_sim.network.operation import Commands
from hil_sim.network.world import NetworkWorld
from hil_sim.world.streams import random_stream
from tests.hil_sim.network.networks import chain, demand, hardware, ring

EPOCH_S = 10.0
BLOCKS = KeyBlocks(security="asymptotic", sifted_bits=3_000_000, longest_s=80.0)
BUSY = hardware(blocks=BLOCKS, dwell_s=20.0, switch_s=12.5, realign_s=15.0, post_processing_bps=2e6)
PLAIN = hardware(protocols=("bb84",), blocks=KeyBlocks(sifted_bits=20_000_000))
PAIRS = hardware(protocols=("bbm92",), start_mean_photon_number=0.05)


def chain_of_everything():
    channels = [BURIED_METRO, AERIAL, DEMONSTRATION, COEXISTENCE, FREE_SPACE]
    demands = [demand(0, 5, 2e5), demand(1, 3, 1e6, patience_s=25.0), demand(2, 4, 1e5)]
    return chain(
        [4.0, 8.0, 12.0, 20.0, 6.0], BUSY, channels=channels, demands=demands, relay=True, authentication_bps=33.33
    )


def ring_of_villains():
    everybody = (
        Adversary((Act("replay", 0.5), Act("hide-decoys")), node=0, replay_delay=3),
        Adversary((Act("photon-number-splitting", 0.7),), node=1, duty=Duty(period=4, burst=2)),
        Adversary((Act("spy"), Act("freeze", 0.3)), node=2, coalition="c", duty=Duty(share=0.5)),
        Adversary((Act("withhold-keys", 0.4), Act("corrupt-keys", 0.2)), node=3),
        Adversary((Act("blinding", 0.4), Act("intercept-resend", 0.02)), links=(2, 4)),
    )
    demands = [demand(0, 3, 1e5), demand(1, 4, 2e5)]
    return ring(6, demands=demands, parts=BUSY, channel=BURIED_METRO, adversaries=everybody)


def one_link():
    return chain([10.0], BUSY, channel=DEMONSTRATION, demands=[demand(0, 1, 5e5)])


KINDS = {
    "everything": chain_of_everything,
    "villains": ring_of_villains,
    "one link": one_link,
    "bb84": lambda: chain([5.0, 9.0], PLAIN, channel=AERIAL, demands=[demand(0, 2)]),
    "pairs": lambda: chain([5.0, 9.0, 3.0], PAIRS, channel=BURIED_METRO),
}
NETWORKS = {name: make() for name, make in KINDS.items()}


class Player:
    """Commands one network of a stack at random, within what is allowed."""

    def __init__(self, world, number, seed):
        self.world, self.number = world, number
        self.rng = random_stream(seed, "player")

    def commands(self):
        links, demands = self.world.stack.links_of[self.number], self.world.stack.demands_of[self.number]
        hardware, operation = self.world.stack.links, self.world.operation
        count = links.stop - links.start
        change, share, kind, realign = self.rng.random((4, count))
        wanted = (kind * len(hardware.supported)).astype(np.int8)
        places = np.arange(links.start, links.stop)
        rested = operation.since_switch_s[links] >= hardware.dwell_s[links]
        switching = hardware.supported[wanted, places] & rested & (change > 0.9)
        protocol = np.where(switching, wanted, operation.protocol[links])
        highest_e6 = hardware.highest_e6[protocol, places]
        e6 = np.where(change < 0.1, (share * highest_e6).astype(np.int64), operation.mean_photon_number_e6[links])
        routes = self.world.stack.routes.choices()[demands]
        return (
            np.minimum(e6, highest_e6),
            protocol,
            (realign < 0.1) & hardware.can_realign[links],
            (self.rng.random(routes.size) * routes).astype(np.int64),
        )


def play(world, players, trust=None):
    """One epoch."""
    parts = zip(*(player.commands() for player in players), strict=True)
    return world.step(Commands(*(np.concatenate(part) for part in parts)), trust)


def begin(names, seeds):
    """A world of these networks, with its players."""
    world = NetworkWorld([NETWORKS[name] for name in names], seeds, epoch_s=EPOCH_S)
    return world, [Player(world, number, seed) for number, seed in enumerate(seeds)]


def happened(world, epoch, number):
    """Everything about one network in this epoch, and its state after it, by name."""
    network = world.stack.networks[number]
    links, nodes, demands = (
        part[number] for part in (world.stack.links_of, world.stack.nodes_of, world.stack.demands_of)
    )
    by_node, by_demand = {"relaying", "acting"}, {"asked", "delivered", "spoilt", "leaked", "given_up", "waiting"}
    found = {}
    for path, values in _leaves(epoch):
        name = path.rpartition(".")[2]
        if name in ("number", "coalition"):
            continue
        own = values[..., nodes if name in by_node else demands if name in by_demand else links]
        if own.ndim > 2:
            assert not own[..., network.cells() :, :].any()
            own = own[..., : network.cells(), :]
        found[path] = own.copy()
    for path, values in (
        ("bits", world.buffers.bits),
        ("known", world.buffers.known_bits),
        ("discarded", world.buffers.discarded_bits),
        ("state", world.buffers.state),
        ("e6", world.operation.mean_photon_number_e6),
        ("protocol", world.operation.protocol),
        ("dead", world.operation.dead_left_s),
        ("rested", world.operation.since_switch_s),
        ("queue", world.blocks.queue.waiting),
        ("lost", world.blocks.queue.lost_bits),
    ):
        found[f"after.{path}"] = values[links].copy()
    found["after.controller"] = world.operation.controller[links].copy()
    return found


def _leaves(value, path=""):
    if is_dataclass(value):
        for field in fields(value):
            yield from _leaves(getattr(value, field.name), f"{path}.{field.name}")
    else:
        yield path, np.asarray(value)


def same(one, other):
    """Whether two histories agree to the last bit; told by what differs first."""
    assert len(one) == len(other)
    for epoch, (here, there) in enumerate(zip(one, other, strict=True)):
        assert here.keys() == there.keys()
        for name, values in here.items():
            assert np.array_equal(values, there[name]), f"{name} differs in epoch {epoch}"
    return True
