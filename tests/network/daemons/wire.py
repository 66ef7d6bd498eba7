"""Whoever reads along at the broker: what nodes say must neither reveal key nor contradict itself."""

import asyncio
import hashlib
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress

import aiomqtt

from qkdctl.abft.messages import Proposal, Report, Vote
from qkdctl.abft.packet import Packet, PacketError, Spoken
from qkdctl.auth.header import Header, Mode
from tests.network.daemons.folders import NETWORK

TOPICS = f"qkdctl/{NETWORK}/pair/#"
Way = tuple[str, str]


class Wire:
    """Takes note of every packet, and of what its sender committed itself to by it.

    Attributes:
        packets: how many passed.
        bytes: of them.
        pads: (sender, receiver, key, place in it) -> digests of packets under that pad.
        positions: (sender, its process, receiver, position) -> digests of packets; one with an old store does not
            know which positions were used before, only that no pad serves twice.
        words: (sender, network with its description, kind, epoch, round, phase) -> what was said there.
        strange: packets that are none.
    """

    def __init__(self) -> None:
        self.packets = 0
        self.bytes = 0
        self.strange = 0
        self.pads: defaultdict[tuple[str, str, bytes, int], set[bytes]] = defaultdict(set)
        self.positions: defaultdict[tuple[str, bytes, str, int], set[bytes]] = defaultdict(set)
        self.words: defaultdict[tuple[str, str, str, int, int, int], set[str]] = defaultdict(set)

    async def run(self, port: int) -> None:
        """Read along until cancelled, whenever there is a broker at a port."""
        while True:
            with suppress(aiomqtt.MqttError):
                async with aiomqtt.Client("127.0.0.1", port, identifier="wire") as client:
                    await client.subscribe(TOPICS)
                    async for message in client.messages:
                        if isinstance(message.payload, bytes):
                            self.take(str(message.topic), message.payload)
            await asyncio.sleep(0.05)

    def take(self, topic: str, data: bytes) -> None:
        """Note a packet."""
        *_, sender, to = topic.split("/")
        if sender == to:
            return
        self.packets += 1
        self.bytes += len(data)
        try:
            header, _, payload, _ = Header.decode(data)
        except ValueError:
            self.strange += 1
            return
        digest = hashlib.sha256(data).digest()
        self.positions[sender, header.session, to, header.position].add(digest)
        if header.mode is Mode.ONE_TIME:
            self.pads[sender, to, header.block, header.pad].add(digest)
        if payload:
            self._note_words(sender, payload)

    def key_used_twice(self) -> list[str]:
        """Pads and positions that served for different packets; empty when all is well."""
        found = [
            f"{sender} to {to}: pad {block.hex()}/{pad} under {len(digests)} packets"
            for (sender, to, block, pad), digests in self.pads.items()
            if len(digests) > 1
        ]
        return found + [
            f"{sender} to {to}: position {position} for {len(digests)} packets"
            for (sender, _, to, position), digests in self.positions.items()
            if len(digests) > 1
        ]

    def contradictions(self) -> list[str]:
        """Reports, votes and proposals of which a node made two, as no honest one does; empty when all is well."""
        return [
            f"{sender}: {kind} of epoch {epoch}, round {turn}, phase {phase} says {len(said)} things"
            for (sender, _, kind, epoch, turn, phase), said in self.words.items()
            if len(said) > 1
        ]

    def _note_words(self, sender: str, payload: bytes) -> None:
        try:
            packet = Packet.decode(payload)
        except PacketError:
            self.strange += 1
            return
        for message in packet.messages:
            for kind, turn, phase, said in _commitments(message):
                self.words[sender, packet.network, kind, message.epoch, turn, phase].add(said)


def _commitments(message: Spoken) -> Iterator[tuple[str, int, int, str]]:
    """Kind, round, phase and contents of what may be said in one way only."""
    match message:
        case Report():
            yield "report", 0, 0, message.content
        case Proposal():
            yield "proposal", message.round, 0, message.value
        case Vote():
            yield "vote", message.round, message.phase, message.value
        case _:
            return
