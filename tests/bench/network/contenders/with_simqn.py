"""SimQN: two nodes per link with its BB84 applications, up to the sifted key; every photon is an event.

SimQN sends single photons and has no detectors: mean photon number and detector efficiency become a loss at the start
of the fibre, such that as many pulses click. Its fibre rotates polarisation by up to 45 degrees in
50 km; the misalignment cannot be set. Light and messages take no time, so that the simulated time is all light.
"""

import math

from qns.entity.cchannel.cchannel import ClassicChannel
from qns.entity.node.node import QNode
from qns.entity.qchannel.losschannel import QubitLossChannel
from qns.network.protocol.bb84 import BB84RecvApp, BB84SendApp
from qns.simulator.simulator import Simulator
from qns.utils.rnd import set_seed

from tests.bench.network.order import EFFICIENCY, LENGTH_KM, LOSS_DB_PER_KM, MEAN_PHOTON_NUMBER, Order, answer

_SLOTS_PER_S = 1_000_000_000
_NEVER = 1_000_000_000
"""Bits to gather before error correction begins."""


class Links:
    """All links in one simulator."""

    def __init__(self, order: Order) -> None:
        set_seed(order.seed)
        # the first pulse leaves at the start, so the last one leaves a period before the end
        end_s = (order.pulses - 0.5) / order.pulse_rate_hz
        self._simulator = Simulator(0.0, end_s, accuracy=_SLOTS_PER_S)
        self._receivers = []
        for number in range(order.links):
            alice, bob, receiver = _link(number, order)
            self._receivers.append(receiver)
            alice.install(self._simulator)
            bob.install(self._simulator)

    def run(self) -> int:
        """The sifted bits of all links."""
        self._simulator.run()
        return sum(len(receiver.raw_key_pool) for receiver in self._receivers)


def _link(number: int, order: Order) -> tuple[QNode, QNode, BB84RecvApp]:
    alice, bob = QNode(f"alice{number}"), QNode(f"bob{number}")
    fibre = 10 ** (-LENGTH_KM * LOSS_DB_PER_KM / 10)
    click = -math.expm1(-MEAN_PHOTON_NUMBER * EFFICIENCY * fibre)
    light = QubitLossChannel(f"light{number}", p_init=1 - click / fibre, length=LENGTH_KM * 1000,
                             attenuation_rate=LOSS_DB_PER_KM / 1000)  # fmt: skip
    messages = ClassicChannel(f"messages{number}")
    for node in (alice, bob):
        node.add_qchannel(light)
        node.add_cchannel(messages)
    sender = BB84SendApp(bob, light, messages, send_rate=order.pulse_rate_hz, length_for_post_processing=_NEVER)
    receiver = BB84RecvApp(alice, light, messages, length_for_post_processing=_NEVER)
    alice.add_apps(sender)
    bob.add_apps(receiver)
    return alice, bob, receiver


if __name__ == "__main__":
    answer(Links, "qns")
