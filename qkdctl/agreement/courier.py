"""Between messages and sealed packets: one tag per peer and flush, and none for what is only said again."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

import structlog

from qkdctl.abft.packet import OtherNetworkError, PacketError, Reader, Spoken, encoded, framed, in_packets
from qkdctl.bus.pairwise import PairTransport

log = structlog.get_logger(__name__)
_PACKETS_KEPT = 64


class Seals(Protocol):
    """What the courier needs of an authenticator, see `qkdctl.auth.authenticator.Authenticator`."""

    async def seal(self, packets: Mapping[str, bytes]) -> dict[str, bytes]:
        """Tag a packet for each of some peers."""

    def session_of(self, peer: str) -> bytes | None:
        """Number of the peer's process; packets that were sealed for an earlier one are worthless."""


@dataclass(slots=True)
class _Said:
    """What was sealed for one peer's process in the present epoch.

    Attributes:
        packets: number -> sealed bytes.
        places: encoded message -> number of the packet that holds it.
    """

    session: bytes | None = None
    packets: dict[int, bytes] = field(default_factory=dict)
    places: dict[bytes, int] = field(default_factory=dict)
    next: int = 0


class Courier:
    """Packs, seals and sends; what was sealed already is sent again as it is.

    Args:
        network: names the network together with its description: who has another description is not understood.
        me: this node.
        seals: tags packets.
        transport: carries them.
        on_stranger: told of a peer that speaks for another network, or has another description.

    Attributes:
        sent: packets handed to the transport.
        repeated: of those, how many were sealed before and so cost no key.
    """

    def __init__(
        self, network: str, me: str, seals: Seals, transport: PairTransport, on_stranger: Callable[[str], None]
    ) -> None:
        self.sent = 0
        self.repeated = 0
        self._network = network
        self._me = me
        self._seals = seals
        self._transport = transport
        self._on_stranger = on_stranger
        self._said: dict[str, _Said] = {}
        self._reader = Reader(network, me)

    async def send(self, messages: Iterable[tuple[str, Spoken]]) -> None:
        """Send messages, each to one peer.

        Raises:
            SupersededError, StoreError: nothing new was sent; see the authenticator.
        """
        new: dict[str, dict[bytes, None]] = {}
        again: dict[tuple[str, int], bytes] = {}
        for peer, data in _encoded_once(messages):
            said = self._of(peer)
            place = said.places.get(data)
            if place is None or place not in said.packets:
                new.setdefault(peer, {})[data] = None
            else:
                again[peer, place] = said.packets[place]
        for (peer, _), data in again.items():
            self.repeated += 1
            self._hand_over(peer, data)
        waiting = {peer: list(self._packed(peer, fresh)) for peer, fresh in new.items()}
        while turn := {peer: packets.pop(0) for peer, packets in waiting.items() if packets}:
            await self._seal(turn)

    async def answer(self) -> None:
        """Send what the authenticator itself owes to peers."""
        for peer, sealed in (await self._seals.seal({})).items():
            self._hand_over(peer, sealed)

    async def hello(self, peers: Iterable[str]) -> None:
        """Let peers know that this process is there, which also makes them say how far they have seen this node.

        Raises:
            SupersededError, StoreError: nothing was sent; see the authenticator.
        """
        empty = {peer: framed(self._network, self._me, peer, ()) for peer in peers}
        for peer, sealed in (await self._seals.seal(empty)).items():
            self._hand_over(peer, sealed)

    def begin_epoch(self) -> None:
        """What was said before will not be said again."""
        self._said.clear()

    def read(self, sender: str, payload: bytes) -> tuple[Spoken, ...] | None:
        """Messages of a packet whose tag was right; None when it speaks for another network than this node's."""
        try:
            return self._reader.read(sender, payload)
        except OtherNetworkError:
            self._on_stranger(sender)
            return None
        except PacketError as error:
            log.warning("packet not understood", peer=sender, error=str(error))
            return ()

    def _of(self, peer: str) -> _Said:
        session = self._seals.session_of(peer)
        said = self._said.setdefault(peer, _Said(session))
        if said.session != session:
            said = self._said[peer] = _Said(session)
        return said

    def _packed(self, peer: str, messages: Iterable[bytes]) -> Iterable[tuple[tuple[bytes, ...], bytes]]:
        for chunk in in_packets(messages):
            yield chunk, framed(self._network, self._me, peer, chunk)

    async def _seal(self, turn: Mapping[str, tuple[tuple[bytes, ...], bytes]]) -> None:
        sessions = {peer: self._seals.session_of(peer) for peer in turn}
        sealed = await self._seals.seal({peer: payload for peer, (_, payload) in turn.items()})
        for peer, data in sealed.items():
            # what was sealed before the peer's process was known holds nothing, and for another one it is worthless
            if sessions.get(peer) is not None and sessions[peer] == self._seals.session_of(peer):
                self._keep(peer, turn[peer][0], data)
            self._hand_over(peer, data)

    def _keep(self, peer: str, messages: tuple[bytes, ...], data: bytes) -> None:
        said = self._of(peer)
        number, said.next = said.next, said.next + 1
        said.packets[number] = data
        said.places |= dict.fromkeys(messages, number)
        said.packets.pop(number - _PACKETS_KEPT, None)

    def _hand_over(self, peer: str, data: bytes) -> None:
        self.sent += 1
        self._transport.send(peer, data)


def _encoded_once(messages: Iterable[tuple[str, Spoken]]) -> Iterator[tuple[str, bytes]]:
    """What is said to many is one object, and is encoded once."""
    listed = list(messages)
    known = {id(message): message for _, message in listed}
    data = {number: encoded(message) for number, message in known.items()}
    for peer, message in listed:
        yield peer, data[id(message)]
