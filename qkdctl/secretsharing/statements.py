"""Statements of one fixed number of blocks, so that a linear tag can cover them without a hash.

Every field begins at a block of its own and is filled up with zeros. No field holds zero bytes but the text, whose
length is a field itself: different statements differ in some block.
"""

from dataclasses import dataclass

from qkdctl.secretsharing.field import ELEMENT_BYTES, element

STATEMENT_BLOCKS = 32
"""L: blocks of every statement."""
PURPOSE_BYTES = 16
NAME_BYTES = 64
_NUMBER_BYTES = 16
_HEADER_BYTES = PURPOSE_BYTES + NAME_BYTES + _NUMBER_BYTES + NAME_BYTES + _NUMBER_BYTES
TEXT_BYTES = STATEMENT_BLOCKS * ELEMENT_BYTES - _HEADER_BYTES
"""Most bytes of the text, 336."""


@dataclass(frozen=True, slots=True)
class Statement:
    """What signers stand by towards one verifier.

    Longer text is refused. To sign its hash instead would make the tag only as good as the hash.

    Attributes:
        purpose: what kind of statement, 1 to 16 printable ASCII characters.
        network: where it holds, 1 to 64 printable ASCII characters.
        number: number of the verifier's key, 0 to 2^128 - 1.
        verifier: whom it is meant for, as the network.
        text: at most 336 bytes in UTF-8.

    Raises:
        ValueError: a field is out of range.
    """

    purpose: str
    network: str
    number: int
    verifier: str
    text: str

    def __post_init__(self) -> None:
        _check_name("purpose", self.purpose, PURPOSE_BYTES)
        _check_name("network", self.network, NAME_BYTES)
        _check_name("verifier", self.verifier, NAME_BYTES)
        if not 0 <= self.number < 1 << (8 * _NUMBER_BYTES):
            raise ValueError(f"the number of a key is 0 to 2^128 - 1, got {self.number}")
        if (length := len(self.text.encode())) > TEXT_BYTES:
            raise ValueError(f"the text of a statement has at most {TEXT_BYTES} bytes, got {length}")

    def blocks(self) -> tuple[int, ...]:
        """The elements m_1 to m_L of GF(2^128): purpose, network, number, verifier, length, text, zeros."""
        text = self.text.encode()
        data = b"".join(
            (
                self.purpose.encode().ljust(PURPOSE_BYTES, b"\0"),
                self.network.encode().ljust(NAME_BYTES, b"\0"),
                self.number.to_bytes(_NUMBER_BYTES, "big"),
                self.verifier.encode().ljust(NAME_BYTES, b"\0"),
                len(text).to_bytes(_NUMBER_BYTES, "big"),
                text.ljust(TEXT_BYTES, b"\0"),
            )
        )
        return tuple(element(data[i : i + ELEMENT_BYTES]) for i in range(0, len(data), ELEMENT_BYTES))


def _check_name(field: str, value: str, most: int) -> None:
    if not (value.isascii() and value.isprintable() and 1 <= len(value) <= most):
        raise ValueError(f"the {field} of a statement has 1 to {most} printable ASCII characters, got {value!r}")
