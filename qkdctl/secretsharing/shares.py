"""Shamir's sharing of byte strings: any k of n shares give the secret, k - 1 of them say nothing about it.

Source: Shamir, Commun. ACM 22, 612 (1979), over GF(2^128), one polynomial for each block of 16 bytes.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from qkdctl.secretsharing.blocks import block_bytes, blocks, from_ints, multiply
from qkdctl.secretsharing.field import ELEMENT_BYTES

MOST_SHARES = 255

RandomBytes = Callable[[int], bytes]
"""As many uniformly random bytes as asked for; `secrets.token_bytes` outside of tests."""


@dataclass(frozen=True, slots=True)
class Share:
    """One share of a secret; not secret by itself are its index and the length.

    Attributes:
        index: point at which the polynomials were evaluated, 1 to 255.
        length: bytes of the secret, at least 1.
        data: one value of 16 bytes for each block of the secret, the last of which was filled up with zeros.

    Raises:
        ValueError: for an index out of range, or data that does not fit the length.
    """

    index: int
    length: int
    data: bytes

    def __post_init__(self) -> None:
        if not 1 <= self.index <= MOST_SHARES:
            raise ValueError(f"the index of a share is 1 to {MOST_SHARES}, got {self.index}")
        if self.length < 1:
            raise ValueError(f"a shared secret has at least 1 byte, got a share that claims {self.length}")
        if len(self.data) != padded_length(self.length):
            raise ValueError(
                f"a share of {self.length} bytes has {padded_length(self.length)} bytes of data, got {len(self.data)}"
            )


def padded_length(length: int) -> int:
    """Bytes of the blocks that hold so many bytes."""
    return -(-length // ELEMENT_BYTES) * ELEMENT_BYTES


def split(secret: bytes, k: int, n: int, random: RandomBytes) -> tuple[Share, ...]:
    """Shares 1 to n of a secret, k of which are needed to join it.

    Args:
        secret: at least one byte.
        k: threshold, 1 to n. With 1 every share shows the secret.
        n: number of shares, at most 255.
        random: called once, for (k - 1) times the padded length of the secret.

    Raises:
        ValueError: for an empty secret, k or n out of range, or a source that gives another number of bytes.
    """
    if not 1 <= k <= n <= MOST_SHARES:
        raise ValueError(f"sharing needs 1 <= k <= n <= {MOST_SHARES}, got k {k} and n {n}")
    if not secret:
        raise ValueError("an empty secret cannot be shared")
    size = padded_length(len(secret))
    tape = random((k - 1) * size)
    if len(tape) != (k - 1) * size:
        raise ValueError(f"the random source owes {(k - 1) * size} bytes and gave {len(tape)}")
    coefficients = blocks(secret.ljust(size, b"\0") + tape).reshape(k, -1, 2)
    points = from_ints(list(range(1, n + 1)))[:, np.newaxis]
    values = np.broadcast_to(coefficients[-1], (n, *coefficients[-1].shape))
    for coefficient in coefficients[-2::-1]:
        values = multiply(values, points) ^ coefficient
    return tuple(Share(i, len(secret), block_bytes(value)) for i, value in enumerate(values, start=1))
