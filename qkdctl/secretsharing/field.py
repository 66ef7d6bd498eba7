"""Binary fields on plain integers: the definition that everything else here is measured against.

Bit i of an integer is the coefficient of x^i. Sixteen bytes are read little-endian, so bit j of byte i is the
coefficient of x^(8i+j). GHASH (NIST SP 800-38D) uses the same field and the same byte order but counts the bits of
each byte from the most significant one: its blocks become ours by reversing the bits within every byte.
"""

from dataclasses import dataclass

ELEMENT_BYTES = 16
"""Size of an element of GF(2^128)."""


@dataclass(frozen=True, slots=True)
class BinaryField:
    """GF(2^degree) as polynomials over GF(2) modulo x^degree + tail; addition is XOR.

    The run time of every operation depends on the operands.

    Attributes:
        degree: bits of an element.
        tail: the irreducible polynomial without its leading term.
    """

    degree: int
    tail: int

    @property
    def order(self) -> int:
        """Number of elements."""
        return 1 << self.degree

    def multiply(self, a: int, b: int) -> int:
        """Product of two elements."""
        product = _carryless(a, b)
        while high := product >> self.degree:
            product ^= (high << self.degree) ^ _carryless(high, self.tail)
        return product

    def inverse(self, a: int) -> int:
        """The element whose product with `a` is 1, by Euclid's algorithm on polynomials.

        Raises:
            ZeroDivisionError: for 0.
        """
        if a == 0:
            raise ZeroDivisionError("0 has no inverse in a field")
        larger, smaller = self.order | self.tail, a
        larger_factor, smaller_factor = 0, 1
        while smaller != 1:
            if larger.bit_length() < smaller.bit_length():
                larger, smaller = smaller, larger
                larger_factor, smaller_factor = smaller_factor, larger_factor
            shift = larger.bit_length() - smaller.bit_length()
            larger ^= smaller << shift
            larger_factor ^= smaller_factor << shift
        return self.multiply(smaller_factor, 1)


GF128 = BinaryField(degree=128, tail=0x87)
"""GF(2)[x] modulo x^128 + x^7 + x^2 + x + 1, the polynomial of NIST SP 800-38D, section 6.3."""


def element(data: bytes) -> int:
    """The element of GF(2^128) that 16 bytes stand for.

    Raises:
        ValueError: for any other number of bytes.
    """
    if len(data) != ELEMENT_BYTES:
        raise ValueError(f"an element of GF(2^128) has {ELEMENT_BYTES} bytes, got {len(data)}")
    return int.from_bytes(data, "little")


def element_bytes(value: int) -> bytes:
    """The 16 bytes of an element of GF(2^128)."""
    return value.to_bytes(ELEMENT_BYTES, "little")


def _carryless(a: int, b: int) -> int:
    """Product of two polynomials over GF(2)."""
    product = 0
    while b:
        lowest = b & -b
        product ^= a << (lowest.bit_length() - 1)
        b ^= lowest
    return product
