"""Shares on their way between two nodes: each bit is encrypted with a bit of fresh key, and no key is used twice."""

from qkdctl.abft.act_messages import KeyShare
from qkdctl.abft.sealed_share import SealedShare
from qkdctl.keys.base import BLOCK_BYTES, Key, KeySource


class ConfidingError(Exception):
    """A share cannot be encrypted or read now; the message says why. It will be asked for again."""


class KeyShortageError(ConfidingError):
    """There is not enough key yet, as always until a peer has proved after a start that it follows the same key."""


class Confidant:
    """Encrypts and decrypts with keys of one source.

    Keys that were drawn but do not suffice yet are kept in memory for the next share to the same peer, so that asking
    again and again does not use up what the source has.

    Args:
        source: of key for all peers.
    """

    def __init__(self, source: KeySource) -> None:
        self._source = source
        self._drawn: dict[str, list[Key]] = {}

    async def confide(self, share: KeyShare, peer: str) -> SealedShare:
        """Encrypt a share for a peer.

        Raises:
            KeyShortageError: there is not enough key.
            KeySourceError: the source could not do its part.
        """
        plain = bytes.fromhex(share.share)
        count = _keys_for(plain)
        held = self._drawn.setdefault(peer, [])
        if len(held) < count:
            # a key without material is for the authenticator to announce
            held += [key for key in await self._source.draw(peer, count - len(held)) if key.material]
        if len(held) < count:
            raise KeyShortageError(f"{count} keys are needed for a share to {peer}, {len(held)} are there")
        keys = held[:count]
        del held[:count]  # from the one list of this peer: whoever draws for it meanwhile must not find them again
        numbers = tuple(key.id.hex() for key in keys)
        return SealedShare(share.number, share.committee, numbers, _masked(plain, keys).hex())

    async def receive(self, sealed: SealedShare, peer: str) -> KeyShare:
        """Decrypt a share from a peer.

        Raises:
            ConfidingError: a key that it was encrypted with cannot be had, or it names others; then none was fetched.
            KeySourceError: the source could not do its part.
        """
        ids = [bytes.fromhex(number) for number in sealed.keys]
        cipher = bytes.fromhex(sealed.ciphertext)
        if (count := _keys_for(cipher)) != len(ids) or count != len(set(ids)):
            raise ConfidingError(f"a share from {peer} names {len(set(ids))} keys in {len(ids)}, not {count}")
        found = await self._source.fetch(peer, ids)
        keys = [Key(number, found[number]) for number in ids if len(found.get(number, b"")) == BLOCK_BYTES]
        if len(keys) < len(ids):
            raise ConfidingError(f"a key of a share from {peer} is not here")
        return KeyShare(sealed.number, sealed.committee, _masked(cipher, keys).hex())


def _keys_for(text: bytes) -> int:
    return -(-len(text) // BLOCK_BYTES)


def _masked(text: bytes, keys: list[Key]) -> bytes:
    pad = b"".join(key.material for key in keys)
    return bytes(byte ^ mask for byte, mask in zip(text, pad, strict=False))
