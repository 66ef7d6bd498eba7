"""SeQUeNCe: two QKDNodes per link on one timeline, BB84 without cascade; every photon is an event.

Light and messages take picoseconds instead of the time of flight, so that the simulated time is all light.
"""

from sequence.components.optical_channel import ClassicalChannel, QuantumChannel
from sequence.kernel.timeline import Timeline
from sequence.qkd.BB84 import BB84, pair_bb84_protocols
from sequence.topology.node import QKDNode

from tests.bench.network.order import (
    EFFICIENCY,
    LENGTH_KM,
    LOSS_DB_PER_KM,
    MEAN_PHOTON_NUMBER,
    MISALIGNMENT,
    Order,
    answer,
)

_MESSAGE_PS = 1
_LIGHT_PS = 10


class Links:
    """All links; one round of BB84 lights for the whole simulated time."""

    def __init__(self, order: Order) -> None:
        self._timeline = Timeline()
        self._timeline.seed(order.seed)
        self._senders = [_link(number, order, self._timeline) for number in range(order.links)]
        self._timeline.init()
        for sender in self._senders:
            sender.push(round(order.pulses * MEAN_PHOTON_NUMBER), 1)
        self._round_ps = round(order.pulses / order.pulse_rate_hz * 1e12)

    def run(self) -> int:
        """Light, then sift; the sifted bits of all links."""
        self._timeline.stop_time = _MESSAGE_PS + self._round_ps
        self._timeline.run()
        for event in self._timeline.events:
            if event.process.activation == "begin_photon_pulse":  # BB84 would light until it has a whole key
                self._timeline.remove_event(event)
        self._timeline.stop_time += _LIGHT_PS + 10 * _MESSAGE_PS
        self._timeline.run()
        return sum(len(sender.key_bits) for sender in self._senders)


def _link(number: int, order: Order, timeline: Timeline) -> BB84:
    alice, bob = (
        QKDNode(f"{name}{number}", timeline, stack_size=1, seed=(order.seed, number, end))
        for end, name in enumerate(("alice", "bob"))
    )
    length_m = LENGTH_KM * 1000
    for source, sink in ((alice, bob), (bob, alice)):
        light = QuantumChannel(f"{source.name}.light", timeline, attenuation=LOSS_DB_PER_KM / 1000, distance=length_m,
                               polarization_fidelity=1 - 2 * MISALIGNMENT, light_speed=length_m / _LIGHT_PS,
                               frequency=order.pulse_rate_hz)  # fmt: skip
        light.set_ends(source, sink.name)
        light.owner = source
        ClassicalChannel(f"{source.name}.messages", timeline, distance=length_m, delay=_MESSAGE_PS).set_ends(
            source, sink.name
        )
    alice.update_lightsource_params("frequency", order.pulse_rate_hz)
    alice.update_lightsource_params("mean_photon_num", MEAN_PHOTON_NUMBER)
    (receiver,) = bob.get_components_by_type("QSDetectorPolarization")
    for detector in range(2):
        receiver.set_detector(detector, efficiency=EFFICIENCY, dark_count=0, count_rate=1e12)
    pair_bb84_protocols(alice.protocol_stack[0], bob.protocol_stack[0])
    return alice.protocol_stack[0]


if __name__ == "__main__":
    answer(Links, "sequence")
