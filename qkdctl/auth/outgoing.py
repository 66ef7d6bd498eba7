"""The sending half of a channel: positions, whom packets are meant for, and the last packet for repetition."""

import hmac
from dataclasses import dataclass

from qkdctl.auth import poly1305
from qkdctl.auth.figures import Figures
from qkdctl.auth.header import NO_BLOCK, NO_SESSION, POSITION_MAX, Header, Mode
from qkdctl.auth.limits import Limits
from qkdctl.auth.stock import Pad, Stock

_FETCHED_NEWS = 16


@dataclass(frozen=True, slots=True)
class News:
    """What a packet says besides its payload.

    Attributes:
        heard: highest position accepted from the peer.
        fetched: see `KeySource`.
    """

    heard: int = 0
    fetched: int = 0


@dataclass(frozen=True, slots=True)
class Packet:
    """A sealed packet.

    Attributes:
        data: what may leave once the mark of its position is durable.
        content: payload, echo and chapter; with the same ones it may be repeated.
    """

    data: bytes
    mode: Mode
    content: tuple[bytes, bytes, bytes]


class Outgoing:
    """Seals packets for one peer.

    Args:
        session: of this process.
        position: highest one that may have been used before, as far as the store knows. So many are left out that the
            peer's word for one of them can only mean that the store was put back from a backup.

    Attributes:
        stock: its key.
        position: the last one used.
        reported: the highest one that the peer says it accepted.
        seen_further: the peer accepted a packet that neither this process nor the store knows of.
        overtaken: the peer came to accept such packets after it had met this process: another one makes them.
    """

    def __init__(self, session: bytes, position: int, limits: Limits, figures: Figures) -> None:
        self.stock = Stock(limits, figures)
        self.position = position + limits.ahead
        self.reported = 0
        self.seen_further = False
        self.overtaken = False
        self._session = session
        self._limits = limits
        self._figures = figures
        self._toward = NO_SESSION
        self._proven = False
        self._stranger: bytes | None = None
        self._owed = False
        self._keyed_for: bytes | None = None
        self._base = self.position
        self._stored = position
        self._told = News()
        self._told_probe: bytes | None = None
        self._kept: Packet | None = None
        self._budget = limits.tags
        self._answers = limits.answers

    @property
    def session(self) -> bytes | None:
        """Process of the peer that packets are meant for."""
        return self._toward if self._toward != NO_SESSION else None

    @property
    def mode(self) -> Mode | None:
        """How the next packet with a payload would be tagged; None if it could not be sent."""
        if self.stock.chapter is None:
            return None
        if self.stock.pads and self.position - max(self.reported, self._base) < self._limits.ahead:
            return Mode.ONE_TIME
        return Mode.HMAC if self._limits.fallback else None

    def owes(self, news: News) -> bool:
        """Whether the peer waits for a packet, whatever is in it: it greeted, or it must hear the news."""
        return self._owed or bool(self._stranger) or (self._proven and self._is_news(news))

    def seal(self, payload: bytes, news: News) -> Packet | None:
        """A packet for the peer, or None if there is no key or budget for one.

        Until the peer's process is known the payload is left out. Without payload it is an answer.
        """
        echo = self._toward if payload else self._stranger or self._toward
        text = payload if echo != NO_SESSION else b""
        chapter = self.stock.chapter
        mode = self.mode or (None if text else Mode.HMAC)
        packet = None
        if mode is not None and chapter is not None:
            content = (text, echo, chapter)
            packet = self._repetition(content, mode, news) or self._new(content, mode, news)
        if packet is None:
            self._figures.unsealed += 1
            return None
        self._owed = False
        if echo == self._stranger:
            self._stranger = None
        return packet

    def kept(self, packet: Packet) -> bool:
        """Whether a packet is the one that was kept, whose position is durable."""
        return packet is self._kept

    def keep(self, packet: Packet) -> None:
        """Remember a packet whose position is durable, for repetition."""
        self._kept = packet

    def report(self, position: int) -> None:
        """The highest position that the peer accepted; one that is news here was used before the store was restored.

        If the peer was in step already, so that it had told the highest one before, another process uses them now.
        """
        self.reported = max(self.reported, position)
        self.overtaken = self.overtaken or (self._proven and position > self.position)
        if position > self.position or self._stored < position <= self._stored + self._limits.ahead:
            self.seen_further = True
        if position > self.position:
            self.position = self._base = position

    def greet(self, session: bytes) -> bool:
        """A process of the peer that does not know this one; False if it is not heeded."""
        if session != self._toward:
            if not self._answers:
                return False
            self._answers -= 1
            if self._keyed_for != session and (self._keyed_for is not None or self.stock.touched):
                self._rekey()
            self._keyed_for = session
            if self._proven:
                self._stranger = session
                return True
            self._toward = session
        self._owed = True
        return True

    def adopt(self, session: bytes) -> None:
        """The process that the peer is from now on, and that knows this one; it waits to hear that it is known."""
        if self._keyed_for not in (None, session):
            self._rekey()
        self._toward = self._keyed_for = session
        self._proven = self._owed = True
        self._stranger = None

    def renew_budget(self) -> None:
        """Allow as many tags and answers as at the start."""
        self._budget = self._limits.tags
        self._answers = self._limits.answers

    def _repetition(self, content: tuple[bytes, bytes, bytes], mode: Mode, news: News) -> Packet | None:
        kept = self._kept
        # A better tag than it has is worth its key, and what is new must be said.
        if kept is None or kept.content != content or mode < kept.mode or self._is_news(news):
            return None
        self._figures.retransmissions += 1
        return kept

    def _new(self, content: tuple[bytes, bytes, bytes], mode: Mode, news: News) -> Packet | None:
        if not self._budget or self.position >= POSITION_MAX:
            return None
        self._budget -= 1
        self.position += 1
        self._told, self._told_probe = news, self.stock.probe
        payload, echo, chapter = content
        pad = self.stock.take() if mode is Mode.ONE_TIME else Pad(NO_BLOCK, 0, b"")
        upcoming = self.stock.upcoming(pad.block)
        header = Header(
            mode, self._session, echo, self.position, news.heard, news.fetched, chapter, pad.block, pad.index, upcoming
        )
        text = header.encode() + payload
        if mode is Mode.ONE_TIME:
            tag = poly1305.tag(self.stock.secret, pad.material, text)
            self._figures.pad_tags += 1
        else:
            tag = hmac.digest(self.stock.hmac_key, text, "sha256")
            self._figures.hmac_tags += 1
        self.stock.count_tag()
        return Packet(text + tag, mode, content)

    def _is_news(self, news: News) -> bool:
        return (
            self.stock.probe != self._told_probe
            or news.heard - self._told.heard >= self._limits.ahead // 2
            or news.fetched - self._told.fetched >= _FETCHED_NEWS
        )

    def _rekey(self) -> None:
        """Begin anew with keys that no process of the peer can have fetched."""
        self.stock.clear()
        self._kept = self._told_probe = None
        self._base = self.position
