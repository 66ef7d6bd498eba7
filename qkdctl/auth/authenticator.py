"""Tags on everything that a node says to its peers, with one durable write for each flush."""

import secrets
from collections.abc import Callable, Mapping
from typing import Self

from qkdctl.auth.channel import Channel
from qkdctl.auth.errors import Refused
from qkdctl.auth.figures import Figures
from qkdctl.auth.header import MOST_PAYLOAD, SESSION_BYTES, Mode
from qkdctl.auth.ledger import Mark, PadLedger
from qkdctl.auth.levels import Kind, Level, Way
from qkdctl.auth.limits import Limits
from qkdctl.keys.base import KeySource


class Authenticator:
    """The channels of one node with all its peers. Built by `start`.

    `open` and everything else but `seal` and `refill` touch memory only. Nothing secret is ever written to disk: a
    process begins with new keys.

    Attributes:
        on_want: called with a peer when its channel has something new for `refill` to do.
    """

    def __init__(
        self, session: bytes, channels: Mapping[str, Channel], ways: Mapping[str, Way], ledger: PadLedger
    ) -> None:
        self.on_want: Callable[[str], None] = lambda _peer: None
        self._session = session
        self._channels = dict(channels)
        self._ways = dict(ways)
        self._ledger = ledger
        self._told: dict[str, tuple[bytes, ...]] = {}

    @property
    def peers(self) -> tuple[str, ...]:
        """Whom it has channels with."""
        return tuple(self._channels)

    @classmethod
    async def start(
        cls,
        ways: Mapping[str, Way],
        source: KeySource,
        ledger: PadLedger,
        *,
        limits: Limits | None = None,
        token: Callable[[int], bytes] = secrets.token_bytes,
    ) -> Self:
        """Take over the ledger from earlier processes of this node.

        Args:
            ways: how key reaches each peer.
            source: of that key.
            ledger: remembers how far each channel has come.
            limits: bounds of each channel.
            token: makes the session number from a length in bytes; it must never give the same one twice.
        """
        session = token(SESSION_BYTES)
        marks = await ledger.claim(session)
        bounds = limits or Limits()
        channels = {peer: Channel(peer, session, marks.get(peer, Mark()), source, bounds) for peer in ways}
        return cls(session, channels, ways, ledger)

    async def seal(self, packets: Mapping[str, bytes]) -> dict[str, bytes]:
        """Tag a packet for each of some peers, and answers for peers that wait for one.

        The same payload as the last time gives the same bytes again, at no cost of key. A peer is missing in the result
        when there is no key or budget for it. Until a peer and this node have found each other after a start of either,
        what leaves holds no payload, so callers repeat what matters. If this is cancelled or raises, the pads are lost
        and nothing may leave.

        Args:
            packets: 1 to `MOST_PAYLOAD` bytes by peer.

        Raises:
            ValueError: an unknown peer, or a payload that is empty or too long; no key was used.
            SupersededError: another process has taken over the ledger.
        """
        for peer, payload in packets.items():
            if peer not in self._channels:
                raise ValueError(f"{peer} is no peer; peers are {', '.join(self._channels)}")
            if not 1 <= len(payload) <= MOST_PAYLOAD:
                raise ValueError(f"payload for {peer} has {len(payload)} bytes; 1 to {MOST_PAYLOAD} can be sealed")
        waiting = {peer: b"" for peer, channel in self._channels.items() if channel.owes_answer}
        sealed = {
            peer: packet
            for peer, payload in {**waiting, **packets}.items()
            if (packet := self._channels[peer].seal(payload)) is not None
        }
        new = {peer: packet for peer, packet in sealed.items() if not self._channels[peer].outgoing.kept(packet)}
        if new:
            await self._ledger.store(self._session, {peer: self._channels[peer].mark for peer in new})
        for peer, packet in new.items():
            self._channels[peer].outgoing.keep(packet)
        for peer in {**waiting, **packets}:
            self._tell_wants(peer)
        return {peer: packet.data for peer, packet in sealed.items()}

    def open(self, peer: str, sealed: bytes) -> bytes:
        """The payload of a packet that the peer sent to this process, handed out once.

        Raises:
            Refused: for the reason that its class names.
        """
        channel = self._channels.get(peer)
        if channel is None:
            raise Refused(peer, "no peer of this node")
        try:
            return channel.open(sealed)
        finally:
            self._tell_wants(peer)

    async def refill(self, peer: str) -> list[bytes]:
        """Get the keys that a channel wants; `seal({})` then has the answers that waited for them.

        One call at a time for each peer.

        Returns:
            Packets from the peer that can be opened now.

        Raises:
            KeySourceError: the source could not do its part.
        """
        return await self._channels[peer].refill()

    def wants(self, peer: str) -> bool:
        """Whether `refill` has something to do."""
        return bool(self._channels[peer].wants)

    def renew_budget(self) -> None:
        """Allow every peer as many tags as at the start; to be called at each tick of the epochs."""
        for channel in self._channels.values():
            channel.renew_budget()

    def seen_further(self) -> frozenset[str]:
        """Peers that accepted packets of this node which its store, as it was at the start, knows nothing of.

        If they are a weak quorum, the store is an old one, and the node must sit out the epoch it is in.
        """
        return frozenset(peer for peer, channel in self._channels.items() if channel.seen_further)

    def overtaken(self) -> frozenset[str]:
        """Peers that accepted packets of another process of this node after they had met this one.

        If they are a weak quorum, a copy of the node runs somewhere, and the two must not go on together.
        """
        return frozenset(peer for peer, channel in self._channels.items() if channel.overtaken)

    def session_of(self, peer: str) -> bytes | None:
        """Number of the peer's process that packets are meant for now; None if it is not known yet.

        What was sealed before it changed cannot be read by the new process. None at a call of `seal` means that what
        is sealed holds no payload.
        """
        return self._channels[peer].outgoing.session

    def in_step(self, peer: str) -> bool:
        """Whether the peer knows this process, and so has told it how far it has seen this node."""
        return self._channels[peer].incoming.session is not None

    def level(self, peer: str) -> Level:
        """What protects the channel now: the worse of how the next packet would go and how the last one came."""
        mode = self._channels[peer].mode
        if mode is None:
            return Level(Kind.NONE)
        return self._ways[peer].level if mode is Mode.ONE_TIME else Level(Kind.COMPUTATIONAL)

    def figures(self, peer: str) -> Figures:
        """What the channel counted so far."""
        return self._channels[peer].figures()

    def pads(self, peer: str) -> int:
        """One-time pads that are ready for packets to a peer."""
        return self._channels[peer].outgoing.stock.pads

    def _tell_wants(self, peer: str) -> None:
        wants = self._channels[peer].wants
        if set(wants) - set(self._told.get(peer, ())):
            self.on_want(peer)
        self._told[peer] = wants
