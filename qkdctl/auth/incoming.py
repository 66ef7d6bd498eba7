"""The receiving half of a channel: checks tags, accepts each position once, keeps packets whose key is to come."""

import hashlib
import hmac
from dataclasses import dataclass

from qkdctl.auth import poly1305
from qkdctl.auth.errors import Downgraded, Duplicate, Forged, KeyAwaited, KeyMissing, Malformed, Refused, Replayed
from qkdctl.auth.header import Header, Mode
from qkdctl.auth.key_ring import KeyRing
from qkdctl.auth.window import Look, Window
from qkdctl.keys.base import BLOCK_BYTES, CHAPTER_BYTES

MOST_HELD = 4


@dataclass(frozen=True, slots=True)
class Checked:
    """A packet with a right tag.

    Attributes:
        digest: of all its bytes.
    """

    header: Header
    payload: bytes
    digest: bytes


class Incoming:
    """Opens packets of one peer. A packet that fails leaves nothing behind: no key, no position.

    Args:
        peer: who it is.
        session: of this process.
        heard: highest position accepted by earlier processes of this node.
        window: how late packets may be, in positions.
        accepts_hmac: whether packets with a payload may be tagged with HMAC.

    Attributes:
        keys: of the peer's sending direction.
        heard: highest position accepted, in any session.
        session: process of the peer, once it is known.
    """

    def __init__(self, peer: str, session: bytes, heard: int, window: int, *, accepts_hmac: bool) -> None:
        self.keys = KeyRing()
        self.heard = heard
        self.session: bytes | None = None
        self._peer = peer
        self._own = session
        self._window = Window(heard, window)
        self._accepts_hmac = accepts_hmac
        self._held: list[bytes] = []

    def check(self, sealed: bytes) -> Checked:
        """Parse a packet and check its tag.

        Raises:
            Refused: for the reason that its class names.
        """
        try:
            header, text, payload, tag = Header.decode(sealed)
        except ValueError as error:
            raise Malformed(self._peer, str(error)) from None
        digest = hashlib.sha256(sealed).digest()
        fresh = header.echo == self._own
        if fresh and header.session == self.session:
            self._refuse_known(header.position, digest, payload)
        if fresh and payload and header.mode is Mode.HMAC and not self._accepts_hmac:
            raise Downgraded(self._peer, "tagged with HMAC, and only one-time tags are accepted")
        used = _used(header)
        keys = [self.keys.get(number) for number in used]
        if None in keys:
            raise self._lack([number for number in used if self.keys.get(number) is None], sealed)
        if not _right(header, [key for key in keys if key is not None], text, tag):
            raise Forged(self._peer, f"wrong tag at position {header.position}")
        self.keys.trust(used, header.upcoming)
        return Checked(header, payload, digest)

    def adopt(self, checked: Checked) -> None:
        """Take the sender's process for the peer from now on.

        Raises:
            Replayed: it is older than the one before.
        """
        header = checked.header
        if header.position <= self.heard:
            raise Replayed(self._peer, f"position {header.position} of an older process")
        self.session = header.session
        self.keys.keep_only({header.chapter, header.block, *header.upcoming})

    def take(self, checked: Checked) -> None:
        """Accept a packet of the present process: its position is used."""
        assert checked.header.session == self.session, "adopt comes first"
        self._window.take(checked.header.position, checked.digest)
        self.heard = max(self.heard, checked.header.position)

    def release(self) -> list[bytes]:
        """Packets that can be checked now; they are kept no longer, nor are those whose key will not come."""
        held, self._held = self._held, []
        missing, ready = self.keys.missing(), []
        for sealed in held:
            numbers = _used(Header.decode(sealed)[0])
            if any(number in missing for number in numbers):
                self._held.append(sealed)
            elif all(self.keys.get(number) is not None for number in numbers):
                ready.append(sealed)
        return ready

    def _refuse_known(self, position: int, digest: bytes, payload: bytes) -> None:
        look = self._window.look(position, digest)
        if look is Look.SAME:
            raise Duplicate(self._peer, f"position {position} again, with the same bytes", payload)
        if look is Look.USED:
            raise Replayed(self._peer, f"position {position} was accepted before, or is too old to tell")

    def _lack(self, numbers: list[bytes], sealed: bytes) -> Refused:
        names = ", ".join(number.hex() for number in numbers)
        # All are asked for at once, so that no packet needs two rounds to the key server.
        if not all([self.keys.ask(number) for number in numbers]):  # noqa: C419
            return KeyMissing(self._peer, f"key {names} is not here and will not come")
        if sealed not in self._held:
            self._held = [*self._held[-(MOST_HELD - 1) :], sealed]
        return KeyAwaited(self._peer, f"key {names} is still to come")


def _used(header: Header) -> tuple[bytes, ...]:
    """Numbers of the keys that a packet is checked with."""
    return (header.chapter, header.block) if header.mode is Mode.ONE_TIME else (header.chapter,)


def _right(header: Header, keys: list[bytes], text: bytes, tag: bytes) -> bool:
    chapter = keys[0]
    if len(chapter) != CHAPTER_BYTES:
        return False
    if header.mode is Mode.HMAC:
        return hmac.compare_digest(hmac.digest(chapter[poly1305.SECRET_BYTES :], text, "sha256"), tag)
    start = header.pad * poly1305.PAD_BYTES
    if len(keys[1]) != BLOCK_BYTES or start >= BLOCK_BYTES:
        return False
    return poly1305.verify(chapter[: poly1305.SECRET_BYTES], keys[1][start : start + poly1305.PAD_BYTES], text, tag)
