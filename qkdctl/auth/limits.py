"""How much a channel may use and keep."""

from dataclasses import dataclass

from qkdctl.keys.base import BLOCK_BYTES

PADS_PER_BLOCK = BLOCK_BYTES // 16


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of every channel of a node.

    Attributes:
        tags: new packets to a peer between two calls of `renew_budget`; twice as many are accepted from it.
        ahead: one-time pads used beyond the last position that the peer acknowledged.
        window: how late a packet may be, in positions of its sender.
        stock: pads kept ready for each peer.
        chapter: tags under one secret r.
        reserve_bits: what tags leave in the key source for other uses.
        fallback: whether packets go out, and are accepted, under HMAC-SHA-256 when there is no pad. Whoever breaks
            HMAC can forge at any time then, so no claim of information-theoretic security goes with it.
        answers: greetings from unknown processes of a peer that are heeded between two calls of `renew_budget`.
    """

    tags: int = 64
    ahead: int = 256
    window: int = 512
    stock: int = 64
    chapter: int = 2**20
    reserve_bits: int = 4096
    fallback: bool = True
    answers: int = 4
