"""The sending half of a channel: pads in stock, positions, and the last packet for repetition."""

import hmac
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from qkdctl.auth import poly1305
from qkdctl.auth.figures import Figures
from qkdctl.auth.header import MOST_UPCOMING, NO_BLOCK, NO_SESSION, POSITION_MAX, Header, Mode
from qkdctl.auth.limits import PADS_PER_BLOCK, Limits
from qkdctl.keys.base import CHAPTER_BYTES, Key

_FIRST_STOCK = 2 * PADS_PER_BLOCK
_CHAPTER_AHEAD = 1024
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
    news: News
    content: tuple[bytes, bytes, bytes]


class Outgoing:
    """Seals packets for one peer.

    Each pad leaves the stock before its tag is computed and never comes back, so a process uses none twice; that no two
    processes get the same one is what `KeySource.draw` promises.

    Args:
        session: of this process.
        position: highest one that may have been used before.

    Attributes:
        position: the last one used.
        reported: the highest one that the peer says it accepted.
    """

    def __init__(self, session: bytes, position: int, limits: Limits, figures: Figures) -> None:
        self.position = position
        self.reported = 0
        self._session = session
        self._limits = limits
        self._figures = figures
        self._toward = NO_SESSION
        self._proven = False
        self._stranger: bytes | None = None
        self._owed = False
        self._keyed_for: bytes | None = None
        self._chapter: Key | None = None
        self._next_chapter: Key | None = None
        self._tags = 0
        self._blocks: deque[tuple[Key, int]] = deque()
        self._base = position
        self._used = 0
        self._probe: bytes | None = None
        self._told = News()
        self._told_probe: bytes | None = None
        self._kept: Packet | None = None
        self._budget = limits.tags
        self._answers = limits.answers

    @property
    def pads(self) -> int:
        """Pads ready for use."""
        return sum(PADS_PER_BLOCK - used for _, used in self._blocks)

    @property
    def mode(self) -> Mode | None:
        """How the next packet with a payload would be tagged; None if it could not be sent."""
        if self._chapter is None:
            return None
        if self._blocks and self.position - max(self.reported, self._base) < self._limits.ahead:
            return Mode.ONE_TIME
        return Mode.HMAC if self._limits.fallback else None

    @property
    def session(self) -> bytes | None:
        """Process of the peer that packets are meant for."""
        return self._toward if self._toward != NO_SESSION else None

    def owes(self, news: News) -> bool:
        """Whether the peer waits for a packet, whatever is in it: it greeted, or it must hear the news."""
        return self._owed or bool(self._stranger) or (self._proven and self._is_news(news))

    def seal(self, payload: bytes, news: News) -> Packet | None:
        """A packet for the peer, or None if there is no key or budget for one.

        Until the peer's process is known the payload is left out. Without payload it is an answer.
        """
        echo = self._toward if payload else self._stranger or self._toward
        content = payload if echo != NO_SESSION else b""
        mode = self.mode or (Mode.HMAC if self._chapter and not content else None)
        if mode is None or self._chapter is None or self.position >= POSITION_MAX:
            self._figures.unsealed += 1
            return None
        packet = self._repetition(content, echo, news, mode) or self._new(content, echo, news, mode)
        if packet is not None:
            self._told = packet.news
            self._owed = False
            self._stranger = None if echo == self._stranger else self._stranger
        return packet

    def kept(self, packet: Packet) -> bool:
        """Whether a packet is the one that was kept, whose position is durable."""
        return packet is self._kept

    def keep(self, packet: Packet) -> None:
        """Remember a packet whose position is durable, for repetition."""
        self._kept = packet

    def report(self, position: int) -> None:
        """The highest position that the peer accepted; one that is news here was used before the store was restored."""
        self.reported = max(self.reported, position)
        if position > self.position:
            self.position = self._base = position

    def greet(self, session: bytes) -> bool:
        """A process of the peer that does not know this one; False if it is not heeded."""
        if session != self._toward:
            if not self._answers:
                return False
            self._answers -= 1
            if self._keyed_for != session and (self._keyed_for is not None or self._tags):
                self._rekey()
            self._keyed_for = session
            if self._proven:
                self._stranger = session
            else:
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

    @property
    def wants_chapter(self) -> bool:
        """Whether the key that holds r and the key of HMAC is missing, or the next one soon will be."""
        if self._chapter is None:
            return True
        return self._next_chapter is None and self._tags >= self._limits.chapter - min(
            _CHAPTER_AHEAD, self._limits.chapter // 2
        )

    @property
    def wants_blocks(self) -> int:
        """How many blocks of pads should be drawn now; few until the peer has shown that it reads them."""
        target = min(self._limits.stock, max(_FIRST_STOCK, 2 * self._used))
        return -(-(target - self.pads) // PADS_PER_BLOCK) if 2 * self.pads <= target else 0

    def add_chapter(self, key: Key) -> None:
        """Take a key of a chapter."""
        if self._chapter is None:
            self._begin_chapter(key)
        else:
            self._next_chapter = key

    def add_blocks(self, keys: Sequence[Key]) -> None:
        """Take keys that hold pads, or one that the peer has to fetch first."""
        self._probe = next((key.id for key in keys if not key.material), None)
        self._blocks.extend((key, 0) for key in keys if key.material)

    def _repetition(self, payload: bytes, echo: bytes, news: News, mode: Mode) -> Packet | None:
        kept = self._kept
        if kept is None or self._chapter is None or kept.content != (payload, echo, self._chapter.id):
            return None
        if mode < kept.mode or self._is_news(news):
            return None
        self._figures.retransmissions += 1
        return kept

    def _is_news(self, news: News) -> bool:
        return (
            self._probe != self._told_probe
            or news.heard - self._told.heard >= self._limits.ahead // 2
            or news.fetched - self._told.fetched >= _FETCHED_NEWS
        )

    def _new(self, payload: bytes, echo: bytes, news: News, mode: Mode) -> Packet | None:
        if self._chapter is None or not self._budget:
            self._figures.unsealed += 1
            return None
        self._budget -= 1
        self.position += 1
        chapter = self._chapter
        block, pad, number = self._take_pad() if mode is Mode.ONE_TIME else (NO_BLOCK, b"", 0)
        upcoming = self._upcoming(block)
        header = Header(
            mode, self._session, echo, self.position, news.heard, news.fetched, chapter.id, block, number, upcoming
        )
        text = header.encode() + payload
        if mode is Mode.ONE_TIME:
            tag = poly1305.tag(chapter.material[: poly1305.SECRET_BYTES], pad, text)
            self._figures.pad_tags += 1
        else:
            tag = hmac.digest(chapter.material[poly1305.SECRET_BYTES :], text, "sha256")
            self._figures.hmac_tags += 1
        self._count_tag()
        return Packet(text + tag, mode, news, (payload, echo, chapter.id))

    def _take_pad(self) -> tuple[bytes, bytes, int]:
        key, number = self._blocks.popleft()
        if number + 1 < PADS_PER_BLOCK:
            self._blocks.appendleft((key, number + 1))
        self._used += 1
        self._figures.sent_bits += 8 * poly1305.PAD_BYTES
        start = number * poly1305.PAD_BYTES
        return key.id, key.material[start : start + poly1305.PAD_BYTES], number

    def _upcoming(self, block: bytes) -> tuple[bytes, ...]:
        self._told_probe = self._probe
        first = [self._probe, self._next_chapter and self._next_chapter.id]
        ids = [number for number in first if number] + [key.id for key, _ in self._blocks if key.id != block]
        return tuple(ids[:MOST_UPCOMING])

    def _begin_chapter(self, key: Key) -> None:
        self._chapter, self._next_chapter, self._tags = key, None, 0
        self._figures.sent_bits += 8 * CHAPTER_BYTES

    def _count_tag(self) -> None:
        self._tags += 1
        if self._tags >= self._limits.chapter:
            if self._next_chapter is not None:
                self._begin_chapter(self._next_chapter)
            else:
                self._chapter = None

    def _rekey(self) -> None:
        """Begin anew with keys that no process of the peer can have fetched."""
        self._figures.wasted_bits += 8 * poly1305.PAD_BYTES * self.pads
        self._figures.wasted_bits += 8 * CHAPTER_BYTES * (self._next_chapter is not None)
        self._chapter = self._next_chapter = self._kept = self._told_probe = None
        self._blocks.clear()
        self._tags = self._used = 0
        self._base = self.position
