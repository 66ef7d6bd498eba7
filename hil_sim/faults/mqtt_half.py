"""One direction of a session, and what becomes of the packets in it."""

from collections import Counter
from dataclasses import dataclass

from hil_sim.faults.delay_line import DelayLine
from hil_sim.faults.fault_list import FaultList
from hil_sim.faults.mqtt_contents import Publish, PublishReader
from hil_sim.faults.mqtt_faults import Dice, Direction, Fate
from hil_sim.faults.mqtt_packets import Packet, PacketKind
from hil_sim.faults.mqtt_swallowing import Swallower


@dataclass(frozen=True, slots=True)
class Half:
    """Takes packets from one side and puts what becomes of them on the way to the other.

    Attributes:
        client: client id of the session.
        direction: where packets go.
        onward, back: lines to their receiver and to their sender.
        faults: what goes wrong.
        dice: chance.
        messages: reads them.
        swallower: answers for those that are lost.
        counts: of messages: `passed`, `lost`, `doubled`, `overtaken`, each after the direction.
    """

    client: str
    direction: Direction
    onward: DelayLine
    back: DelayLine
    faults: FaultList
    dice: Dice
    messages: PublishReader
    swallower: Swallower
    counts: Counter[str]

    def take(self, packet: Packet) -> None:
        """Deal with a packet.

        Raises:
            hil_sim.faults.mqtt_packets.MalformedError: it makes no sense.
        """
        if packet.kind == PacketKind.PUBLISH:
            self._message(self.messages.read(packet))
            return
        answer = self.swallower.release(packet)
        if answer is None:
            fate = self.dice.other(self.faults.now(), self.client, self.direction)
            self.onward.put(packet.encode(), fate.delay_s)
        else:
            self.back.put(answer.encode())

    def _message(self, message: Publish) -> None:
        fate = self.dice.message(self.faults.now(), self.client, self.direction, message.topic, message.qos)
        if fate.copies:
            self._pass(message, fate)
            return
        self._count("lost")
        answer = self.swallower.swallow(message)
        if answer is not None:
            self.back.put(answer.encode())

    def _pass(self, message: Publish, fate: Fate) -> None:
        self._count("passed")
        if fate.copies > 1:
            self._count("doubled")
        if fate.overtaken:
            self._count("overtaken")
        for _ in range(fate.copies):
            self.onward.put(message.packet.encode(), fate.delay_s, overtaken=fate.overtaken)

    def _count(self, what: str) -> None:
        self.counts[f"{self.direction} {what}"] += 1
