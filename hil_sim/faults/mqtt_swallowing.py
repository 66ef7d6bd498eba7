"""Answers for messages that a proxy does not pass on, so that their sender does not wait for ever (MQTT 5, 4.3)."""

from hil_sim.faults.mqtt_contents import Publish
from hil_sim.faults.mqtt_packets import Packet, PacketKind


class Swallower:
    """Answers in place of the receiver, for one direction of a session."""

    def __init__(self) -> None:
        self._unreleased: set[bytes] = set()

    def swallow(self, message: Publish) -> Packet | None:
        """What the sender must hear about a message that its receiver never gets; None when it expects nothing."""
        number = message.packet_id.to_bytes(2, "big")
        if message.qos == 0:
            return None
        if message.qos == 1:
            return Packet(PacketKind.PUBACK, 0, number)
        self._unreleased.add(number)
        return Packet(PacketKind.PUBREC, 0, number)

    def release(self, packet: Packet) -> Packet | None:
        """The answer to a PUBREL that belongs to a swallowed message; None when the packet is to be passed on."""
        number = packet.body[:2]
        if packet.kind != PacketKind.PUBREL or number not in self._unreleased:
            return None
        self._unreleased.discard(number)
        return Packet(PacketKind.PUBCOMP, 0, number)
