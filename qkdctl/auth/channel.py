"""Both halves of the channel with one peer, and how two processes get to know each other.

A process has a random session number. A packet says which session it comes from and which it is meant for (the echo).
One that echoes this process was made after this process started, so it is no replay of an earlier life, and its
sender's session is adopted. One that does not is a greeting: its tag is right, but it may be old, so nothing of it is
believed but that the positions it reports were reached. It gets an answer that echoes it. After a restart of either end
three packets bring both in step, with keys that nobody has fetched before.
"""

from dataclasses import replace

from qkdctl.auth.errors import (
    Downgraded,
    Duplicate,
    Forged,
    Greeting,
    KeyAwaited,
    KeyMissing,
    Malformed,
    OverBudget,
    Refused,
    Replayed,
)
from qkdctl.auth.figures import Figures
from qkdctl.auth.header import POSITION_MAX, Header, Mode
from qkdctl.auth.incoming import Checked, Incoming
from qkdctl.auth.ledger import Mark
from qkdctl.auth.limits import Limits
from qkdctl.auth.outgoing import News, Outgoing, Packet
from qkdctl.auth.poly1305 import PAD_BYTES
from qkdctl.keys.base import BLOCK_BYTES, CHAPTER_BYTES, KeySource, KeySourceError

LEAP_MOST = 2**32
"""Positions beyond what is known that a packet may speak of: two years at 64 packets a second."""
FIRST_MOST = POSITION_MAX // 2
"""The same where nothing is known. From there to the end it takes 2^29 leaps, which are four million epochs."""

_COUNTER = {
    Downgraded: "downgraded",
    Duplicate: "duplicates",
    Forged: "forged",
    Greeting: "greetings",
    KeyAwaited: "awaited",
    KeyMissing: "missing",
    Malformed: "malformed",
    OverBudget: "over_budget",
    Replayed: "replayed",
}


class Channel:
    """What one node and one peer say to each other.

    Attributes:
        outgoing, incoming: its halves.
    """

    def __init__(self, peer: str, session: bytes, mark: Mark, source: KeySource, limits: Limits) -> None:
        self._figures = Figures()
        self._peer = peer
        self._session = session
        self._source = source
        self._limits = limits
        self._accepted = 0
        self._last_mode = Mode.ONE_TIME
        self._chapter = b""
        self.outgoing = Outgoing(session, mark.sent, limits, self._figures)
        self.incoming = Incoming(peer, session, mark.heard, limits.window, accepts_hmac=limits.fallback)

    @property
    def mark(self) -> Mark:
        """How far it has come."""
        return Mark(self.outgoing.position, self.incoming.heard)

    @property
    def seen_further(self) -> bool:
        """Whether the peer accepted what the store of this node, as it was at the start, knows nothing of."""
        return self.outgoing.seen_further

    @property
    def overtaken(self) -> bool:
        """Whether the peer hears another process than this one under the name of this node."""
        return self.outgoing.overtaken

    @property
    def mode(self) -> Mode | None:
        """The worse of the tags that come and go; None if nothing can be sent."""
        mode = self.outgoing.mode
        return None if mode is None else max(mode, self._last_mode)

    @property
    def wants(self) -> tuple[bytes, ...]:
        """What `refill` has to do: numbers of keys to fetch, and a word for each kind of key to draw."""
        chapter, blocks = self.outgoing.stock.wants_chapter, self.outgoing.stock.wants_blocks
        return (*[b"chapter"] * chapter, *[b"blocks"] * bool(blocks), *self.incoming.keys.missing())

    def figures(self) -> Figures:
        """Counts, as they are now."""
        return replace(self._figures)

    def seal(self, payload: bytes) -> Packet | None:
        """A packet for the peer, or None if there is no key or budget for one."""
        return self.outgoing.seal(payload, self._news)

    @property
    def owes_answer(self) -> bool:
        """Whether the peer waits for a packet, whatever is in it."""
        return self.outgoing.owes(self._news)

    def open(self, sealed: bytes) -> bytes:
        """The payload of a packet.

        Raises:
            Refused: for the reason that its class names.
        """
        try:
            payload = self._open(sealed)
        except Refused as refusal:
            counter = _COUNTER[type(refusal)]
            setattr(self._figures, counter, getattr(self._figures, counter) + 1)
            raise
        self._figures.accepted += 1
        self._figures.accepted_hmac += self._last_mode is Mode.HMAC
        return payload

    def renew_budget(self) -> None:
        """Allow as much as at the start."""
        self._accepted = 0
        self.outgoing.renew_budget()

    async def refill(self) -> list[bytes]:
        """Get the keys that are wanted; gives back packets that can be checked now.

        A failure at one kind of key keeps no other kind away.

        Raises:
            KeySourceError: the source could not do a part, and no packet can be checked now.
        """
        failures = []
        # What anybody may have made up comes last.
        for part in (self._fetch_announced, self._draw, self._fetch_asked):
            try:
                await part()
            except KeySourceError as error:
                failures.append(error)
        ready = self.incoming.release()
        if failures and not ready:
            raise failures[0]
        return ready

    @property
    def _news(self) -> News:
        return News(self.incoming.heard, self._source.fetched(self._peer))

    def _open(self, sealed: bytes) -> bytes:
        checked = self.incoming.check(sealed)
        header = checked.header
        self._refuse_leap(header)
        if header.echo != self._session:
            self._greeted(checked)
        if self._accepted >= 2 * self._limits.tags:
            raise OverBudget(self._peer, f"more than {2 * self._limits.tags} packets in one epoch")
        is_met = header.session == self.incoming.session
        if not is_met:
            self.incoming.adopt(checked)
        self.incoming.take(checked)
        self.outgoing.report(header.acknowledged)
        if not is_met:
            self.outgoing.adopt(header.session)
        self._source.peer_fetched(self._peer, header.fetched)
        self._count(checked)
        if not checked.payload:
            raise Greeting(self._peer, "it answers, and says nothing else")
        self._last_mode = header.mode
        return checked.payload

    def _refuse_leap(self, header: Header) -> None:
        """Marks last for good, so a peer that lies must not bring them to where nothing comes after."""
        is_new = not self.incoming.heard  # to a store that is, whatever the peer remembers of earlier ones
        for name, number, known in (
            ("position", header.position, self.incoming.heard),
            ("acknowledged position", header.acknowledged, self.outgoing.position),
        ):
            if number > (FIRST_MOST if is_new else known + LEAP_MOST):
                raise Malformed(self._peer, f"{name} {number} is out of reach from {known}")
        if header.acknowledged > self.outgoing.position and self._accepted >= 2 * self._limits.tags:
            raise OverBudget(self._peer, "more news of this node than it can have sent in one epoch")
        self._accepted += header.acknowledged > self.outgoing.position

    def _greeted(self, checked: Checked) -> None:
        header = checked.header
        self.outgoing.report(header.acknowledged)
        if header.session == self.incoming.session and header.position <= self.incoming.heard:
            raise Replayed(self._peer, f"greeting at position {header.position}, of before it knew this process")
        if not self.outgoing.greet(header.session):
            raise OverBudget(self._peer, "more greetings than are heeded in one epoch")
        raise Greeting(self._peer, "it does not know this process yet")

    def _count(self, checked: Checked) -> None:
        self._accepted += 1
        if checked.header.mode is Mode.ONE_TIME:
            self._figures.received_bits += 8 * PAD_BYTES
        if checked.header.chapter != self._chapter:
            self._chapter = checked.header.chapter
            self._figures.received_bits += 8 * CHAPTER_BYTES

    async def _fetch_announced(self) -> None:
        if ids := self.incoming.keys.wanted:
            self.incoming.keys.answer(ids, await self._source.fetch(self._peer, ids))

    async def _draw(self) -> None:
        if count := self.outgoing.stock.wants_blocks:
            count = min(count, await self._affordable_blocks())
            self.outgoing.stock.add_blocks(await self._source.draw(self._peer, count) if count > 0 else [])
        # After the pads: the first packets of a chapter shall find some.
        if self.outgoing.stock.wants_chapter:
            self.outgoing.stock.add_chapter(await self._source.chapter(self._peer))

    async def _fetch_asked(self) -> None:
        """Each by itself, so that one that the source stumbles over spoils no other; the rest is for the next time."""
        for number in self.incoming.keys.asked:
            try:
                found = await self._source.fetch(self._peer, [number])
            except KeySourceError:
                self.incoming.keys.fail(number)
                raise
            self.incoming.keys.answer([number], found)

    async def _affordable_blocks(self) -> int:
        left = await self._source.left_bits(self._peer)
        return (left - self._limits.reserve_bits) // (8 * BLOCK_BYTES)
