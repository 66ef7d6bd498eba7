"""Runs one point in SeQUeNCe and prints one JSON line; runs in the peers' environment.

    python -m tests.campaigns.sequence_bb84.worker '{"name": ..., "pulse_rate_hz": ..., ...}'

Nothing of SeQUeNCe is replaced: light source, fibre, beam splitter, detectors and the BB84 protocol are its own. The
keys that both ends deliver are compared here, bit by bit.
"""

import json
import sys
import time
from importlib.metadata import version
from typing import Any

import numpy as np
from sequence.components.optical_channel import ClassicalChannel, QuantumChannel
from sequence.kernel.timeline import Timeline
from sequence.protocol import StackProtocol
from sequence.qkd.BB84 import BB84, pair_bb84_protocols
from sequence.topology.node import QKDNode

from tests.campaigns.sequence_bb84.points import LOSS_DB_PER_KM, Point

_NO_DEAD_TIME_HZ = 1e12
"""Count rate whose dead time is one step of SeQUeNCe's clock, a picosecond."""


class Keys(StackProtocol):
    """Stands above BB84 in the stack and collects the keys it delivers."""

    def __init__(self, owner: QKDNode) -> None:
        super().__init__(owner, f"{owner.name}.keys")
        self.delivered: list[int] = []
        owner.protocol_stack[0].upper_protocols.append(self)

    def push(self, *_: Any, **__: Any) -> None:
        """Nothing stands above."""
        raise NotImplementedError

    def pop(self, info: int, **_: Any) -> None:
        """BB84 delivers a key as the integer whose binary digits are its bits."""
        self.delivered.append(info)


def run(point: Point) -> dict[str, Any]:
    """Sifted bits, errors among them, and the processor time of the simulation."""
    np.random.seed(point.seed)  # noqa: NPY002 - SeQUeNCe draws bits and bases from the global generator
    timeline = Timeline()
    alice, bob = (
        QKDNode(name, timeline, stack_size=1, seed=(point.seed, n)) for n, name in enumerate(("alice", "bob"))
    )
    light_delay, message_delay = _connect(point, timeline, alice, bob)
    _set_up(point, alice, bob)
    ends = alice.protocol_stack[0], bob.protocol_stack[0]
    pair_bb84_protocols(*ends)
    keys = Keys(alice), Keys(bob)
    timeline.init()

    # BB84 lights a round for as long as the requested key would take without any loss
    key_length = round(point.pulses * point.mean_photon_number)
    ends[0].push(key_length, sys.maxsize)
    round_ps = round(ends[0].light_time * 1e12)
    assert int(ends[0].light_time * ends[0].ls_freq) == point.pulses, "bases chosen for fewer pulses than are sent"
    # the last round has been sifted after its light and four messages; what the next one has begun does not count
    timeline.stop_time = point.rounds * round_ps + light_delay + 4 * message_delay + 1
    start_s = time.process_time()
    timeline.run()
    cpu_s = time.process_time() - start_s
    assert round_ps > light_delay + 4 * message_delay, "a second round would be sifted in the time for the last one"
    assert len(ends[0].bit_lists) == 1, "only the round that has just begun may be left unsifted"
    sifted, errors = _compare(key_length, ends, keys)
    return {
        "pulses": point.sent,
        "sifted": sifted,
        "errors": errors,
        "cpu_s": cpu_s,
        "versions": {"sequence": version("sequence"), "python": sys.version.split()[0]},
    }


def _connect(point: Point, timeline: Timeline, alice: QKDNode, bob: QKDNode) -> tuple[int, int]:
    """Lay the fibres; delays of light and of messages in ps."""
    length_m, per_m = point.length_km * 1000, LOSS_DB_PER_KM / 1000
    for source, sink in ((alice, bob), (bob, alice)):
        name = f"{source.name}-{sink.name}"
        light = QuantumChannel(f"light {name}", timeline, attenuation=per_m, distance=length_m,
                               polarization_fidelity=point.polarization_fidelity,
                               frequency=point.pulse_rate_hz)  # fmt: skip
        light.set_ends(source, sink.name)
        light.owner = source  # or its noise would come from a generator that is made anew, unseeded, for each photon
        messages = ClassicalChannel(f"messages {name}", timeline, distance=length_m)
        messages.set_ends(source, sink.name)
    light.init()
    return light.delay, messages.delay


def _set_up(point: Point, alice: QKDNode, bob: QKDNode) -> None:
    (source,) = alice.get_components_by_type("LightSource")
    source.frequency, source.mean_photon_num = point.pulse_rate_hz, point.mean_photon_number
    count_rate_hz = point.pulse_rate_hz / point.dead_gates if point.dead_gates else _NO_DEAD_TIME_HZ
    # set at the component: QKDNode.update_detector_params passes over every actual detector (its type test names the
    # abstract class only)
    (receiver,) = bob.get_components_by_type("QSDetectorPolarization")
    for detector in range(2):
        receiver.set_detector(detector, efficiency=point.efficiency, dark_count=point.dark_rate_hz,
                              count_rate=count_rate_hz, time_resolution=10)  # fmt: skip


def _compare(key_length: int, ends: tuple[BB84, BB84], keys: tuple[Keys, Keys]) -> tuple[int, int]:
    """Sifted bits and errors: keys delivered, and the bits since the last one."""
    (sent, received), (rest_sent, rest_received) = (k.delivered for k in keys), (end.key_bits for end in ends)
    sifted = key_length * len(sent) + len(rest_sent)
    errors = sum((a ^ b).bit_count() for a, b in zip(sent, received, strict=True))
    errors += sum(int(a != b) for a, b in zip(rest_sent, rest_received, strict=True))
    return sifted, errors


if __name__ == "__main__":
    print(json.dumps(run(Point(**json.loads(sys.argv[1])))))
