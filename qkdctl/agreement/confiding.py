"""Shares on their way between two nodes: each bit is encrypted with a bit of fresh key, and no key is used twice."""

from qkdctl.abft.act_messages import KeyShare
from qkdctl.abft.sealed_share import SealedShare
from qkdctl.keys.base import BLOCK_BYTES, Key, KeySource


class ConfidingError(Exception):
    """A share cannot be encrypted or read now; the message says why. It will be asked for again."""


async def confide(share: KeyShare, peer: str, source: KeySource) -> SealedShare:
    """Encrypt a share for a peer.

    Raises:
        ConfidingError: there is not enough key.
        KeySourceError: the source could not do its part.
    """
    plain = bytes.fromhex(share.share)
    count = -(-len(plain) // BLOCK_BYTES)
    keys = await source.draw(peer, count)
    if len(keys) < count:
        raise ConfidingError(f"{count} keys are needed for a share to {peer}, {len(keys)} are there")
    numbers = tuple(key.id.hex() for key in keys)
    return SealedShare(share.number, share.committee, numbers, _masked(plain, keys).hex())


async def receive(sealed: SealedShare, peer: str, source: KeySource) -> KeyShare:
    """Decrypt a share from a peer.

    Raises:
        ConfidingError: a key that it was encrypted with cannot be had.
        KeySourceError: the source could not do its part.
    """
    ids = [bytes.fromhex(number) for number in sealed.keys]
    found = await source.fetch(peer, ids)
    if any(number not in found for number in ids):
        raise ConfidingError(f"a key of a share from {peer} is not here")
    keys = [Key(number, found[number]) for number in ids]
    cipher = bytes.fromhex(sealed.ciphertext)
    if len(ids) != len(set(ids)) or len(ids) * BLOCK_BYTES < len(cipher):
        raise ConfidingError(f"a share from {peer} names too few keys")
    return KeyShare(sealed.number, sealed.committee, _masked(cipher, keys).hex())


def _masked(text: bytes, keys: list[Key]) -> bytes:
    pad = b"".join(key.material for key in keys)
    return bytes(byte ^ mask for byte, mask in zip(text, pad, strict=False))
