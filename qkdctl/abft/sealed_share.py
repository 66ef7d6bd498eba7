"""A share of a threshold key on its way: encrypted with as many bits of fresh key between the two nodes."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from qkdctl.records.base import Count

_BYTES = 528


@dataclass(frozen=True, slots=True)
class SealedShare:
    """The receiver's share of the sender's key for one act, exclusive-or with one-time key.

    Attributes:
        number, committee: see `KeyShare`.
        keys: numbers of the one-time keys in the order of use, 32 hexadecimal digits each.
        ciphertext: 1056 hexadecimal digits.
    """

    number: Count
    committee: Count
    keys: Annotated[tuple[Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")], ...], Field(max_length=64)]
    ciphertext: Annotated[str, Field(pattern=rf"^[0-9a-f]{{{2 * _BYTES}}}$")]
    kind: Literal["sealed-share"] = "sealed-share"
