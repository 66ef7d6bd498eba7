"""Descriptions to begin with, and nodes that fit them."""

from qkdctl.network.render import render_description

NODES = ("north", "east", "south", "west")
RING = (("north", "east"), ("east", "south"), ("south", "west"), ("west", "north"))

RING_TEXT = """\
[network]
name = "metro"
faults = 1
epoch_s = 5

[members.north]
label = "North"
[members.east]
[members.south]
[members.west]

[links.n-e]
alice = "north"
bob = "east"
pulse_rate_hz = 1e9
least_loss_db = 8
[links.e-s]
alice = "east"
bob = "south"
pulse_rate_hz = 1e9
[links.s-w]
alice = "south"
bob = "west"
pulse_rate_hz = 1e9
[links.w-n]
alice = "west"
bob = "north"
pulse_rate_hz = 1e9

[demands.n-s]
source = "north"
target = "south"
bits = 1024
colluding = 1
"""

ALONE_TEXT = """\
[network]
name = "lab"
faults = 0
[members.bench]
[links.a-b]
alice = "bench"
bob = "bench"
pulse_rate_hz = 1e9
"""

ALICE = """\
[devices.laser]
driver = "acme-laser"
address = "tcp://192.0.2.1:5025"
[devices.voa]
driver = "acme-attenuator"
address = "tcp://192.0.2.2:5025"
[devices.tap]
driver = "acme-meter"
address = "tcp://192.0.2.3:5025"
[devices.sender]
driver = "acme-engine"
address = "http://192.0.2.4:8080"
"""
BOB = """\
[devices.receiver]
driver = "acme-engine"
address = "http://192.0.2.5:8080"
[devices.epc]
driver = "acme-polarization"
address = "tcp://192.0.2.6:5025"
"""


def ring(names: tuple[str, ...] = NODES, faults: int = 1) -> str:
    """Nodes in a ring, each with one link to the next."""
    links = [(one, two) for one, two in zip(names, (*names[1:], names[0]), strict=True) if one != two]
    return render_description("metro", names, faults, links)


def node_text(node: str, sends: str, receives: str, network: str = 'key_directory = "keys"\n') -> str:
    """The whole configuration of a node that has Alice's end of one link and Bob's of another."""
    return (
        f'[node]\nname = "{node}"\n[network]\nfile = "network.toml"\n{network}'
        f'[network.brokers.one]\nhost = "127.0.0.1"\n{ALICE}{BOB}'
        f'[links.{sends}]\nsource = "laser"\nattenuator = "voa"\npower_meter = "tap"\ntap_ratio = 99.0\n'
        f'engine_alice = "sender"\noperating_current_a = 0.04\n'
        f'[links.{receives}]\nengine_bob = "receiver"\npolarization_controller = "epc"\n'
    )


RING_NODES = {
    "north": node_text("north", "n-e", "w-n"),
    "east": node_text("east", "e-s", "n-e"),
    "south": node_text("south", "s-w", "e-s"),
    "west": node_text("west", "w-n", "s-w"),
}
