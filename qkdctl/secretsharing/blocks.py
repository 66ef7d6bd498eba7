"""GF(2^128) on arrays: many elements at once, as pairs of 64-bit words.

An array of elements has shape (..., 2) and type uint64; word 0 holds the coefficients of x^0 to x^63, word 1 those of
x^64 to x^127 (see `field` for how bytes are read). Leading axes broadcast. Addition is `^`.
"""

import numpy as np
from numpy.typing import NDArray

from qkdctl.secretsharing.field import ELEMENT_BYTES

Blocks = NDArray[np.uint64]
_Words = NDArray[np.uint64]

_WINDOW_BITS = 4
_INVERSION_CHAIN = "111111"
"""127 in binary after its leading one, see `inverse`."""


def blocks(data: bytes) -> Blocks:
    """Elements in a string of bytes, shape (len / 16, 2).

    Raises:
        ValueError: unless the length is a multiple of 16.
    """
    if len(data) % ELEMENT_BYTES:
        raise ValueError(f"blocks have {ELEMENT_BYTES} bytes, got {len(data)} bytes in all")
    return np.frombuffer(data, dtype="<u8").astype(np.uint64).reshape(-1, 2)


def block_bytes(elements: Blocks) -> bytes:
    """The bytes of elements, in order."""
    return elements.astype("<u8").tobytes()


def from_ints(values: list[int]) -> Blocks:
    """Elements given as integers, shape (len, 2)."""
    return blocks(b"".join(value.to_bytes(ELEMENT_BYTES, "little") for value in values))


def to_ints(elements: Blocks) -> list[int]:
    """Elements as integers, leading axes flattened."""
    data = block_bytes(elements)
    return [int.from_bytes(data[i : i + ELEMENT_BYTES], "little") for i in range(0, len(data), ELEMENT_BYTES)]


def multiply(a: Blocks, b: Blocks) -> Blocks:
    """Products, by windows of four bits of `b` from the top; small `b` (share indices) need few windows."""
    a, b = np.broadcast_arrays(a, b)
    multiples = _small_multiples(a.reshape(-1, 2))
    factors = b.reshape(-1, 2)
    low, high = np.zeros_like(multiples[0, :, 0]), np.zeros_like(multiples[0, :, 0])
    for window in reversed(range(_windows(factors))):
        word, shift = divmod(window * _WINDOW_BITS, 64)
        digit = _down(factors[:, word], shift) & np.uint64(0xF)
        low, high = _shifted(low, high, _WINDOW_BITS)
        chosen = multiples[digit, np.arange(len(digit))]
        low, high = low ^ chosen[:, 0], high ^ chosen[:, 1]
    return np.stack([low, high], axis=-1).reshape(a.shape)


def square(a: Blocks) -> Blocks:
    """Squares: over GF(2) squaring moves the coefficient of x^i to x^2i."""
    low_bits_first = np.ascontiguousarray(a, dtype="<u8").reshape(-1, 2)
    spread = _SPREAD[low_bits_first.view(np.uint8)].view("<u8").astype(np.uint64)
    c0, c1, c2, c3 = spread.T
    low = c0 ^ _times_tail(c2) ^ _times_tail(_tail_overflow(c3))
    high = c1 ^ _times_tail(c3) ^ _tail_overflow(c2)
    return np.stack([low, high], axis=-1).reshape(a.shape)


def inverse(a: Blocks) -> Blocks:
    """Inverses, a^(2^128 - 2) (Itoh and Tsujii, Inf. Comput. 78, 171 (1988)).

    With p(j) = a^(2^j - 1) the inverse is p(127)^2, p(2j) = p(j)^(2^j) p(j) and p(j+1) = p(j)^2 a.

    Raises:
        ZeroDivisionError: if an element is 0.
    """
    if not np.all(a.any(axis=-1)):
        raise ZeroDivisionError("0 has no inverse in a field")
    power, j = a, 1
    for bit in _INVERSION_CHAIN:
        shifted = power
        for _ in range(j):
            shifted = square(shifted)
        power, j = multiply(shifted, power), 2 * j
        if bit == "1":
            power, j = multiply(square(power), a), j + 1
    return square(power)


def combine(coefficients: Blocks, elements: Blocks) -> Blocks:
    """Linear combination over the first axis: coefficients (k, 2) of elements (k, n, 2) give (n, 2)."""
    return np.asarray(np.bitwise_xor.reduce(multiply(elements, coefficients[:, np.newaxis]), axis=0))


def _small_multiples(a: Blocks) -> Blocks:
    """Products of each element with the sixteen polynomials of degree below four, shape (16, n, 2)."""
    multiples = np.zeros((1 << _WINDOW_BITS, *a.shape), dtype=np.uint64)
    multiples[1] = a
    for i in range(2, len(multiples), 2):
        low, high = multiples[i // 2, :, 0], multiples[i // 2, :, 1]
        multiples[i, :, 0], multiples[i, :, 1] = _shifted(low, high, 1)
        multiples[i + 1] = multiples[i] ^ a
    return multiples


def _shifted(low: _Words, high: _Words, bits: int) -> tuple[_Words, _Words]:
    """Product with x^bits, for less than 57 bits."""
    return _up(low, bits) ^ _times_tail(_down(high, 64 - bits)), _up(high, bits) | _down(low, 64 - bits)


def _times_tail(word: _Words) -> _Words:
    """Low word of the product with x^7 + x^2 + x + 1, which is what x^128 reduces to."""
    return word ^ _up(word, 1) ^ _up(word, 2) ^ _up(word, 7)


def _tail_overflow(word: _Words) -> _Words:
    """High word of that product."""
    return _down(word, 63) ^ _down(word, 62) ^ _down(word, 57)


def _up(word: _Words, bits: int) -> _Words:
    return word << np.uint64(bits)


def _down(word: _Words, bits: int) -> _Words:
    return word >> np.uint64(bits)


def _windows(factors: Blocks) -> int:
    """Windows that cover the highest coefficient of any factor."""
    low, high = (int(word) for word in np.bitwise_or.reduce(factors, axis=0))
    return -(-((high << 64) | low).bit_length() // _WINDOW_BITS)


def _spread_bytes() -> NDArray[np.uint16]:
    """Every byte with a zero put between its bits."""
    byte = np.arange(256, dtype=np.uint16)
    return np.asarray(sum(((byte >> i) & 1) << (2 * i) for i in range(8)), dtype="<u2")


_SPREAD = _spread_bytes()
