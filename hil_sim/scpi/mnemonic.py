"""Mnemonics in their short and long form, and headers made of them."""

import itertools
import re
from dataclasses import dataclass
from typing import Self

_MNEMONIC = re.compile(r"[A-Z][A-Z_]*[a-z_]*")
_HEADER_PART = re.compile(r"(\[)?:?([A-Z][A-Z_]*[a-z_]*)(#|\d+)?(\])?")


@dataclass(frozen=True, slots=True)
class Mnemonic:
    """A keyword that is accepted in its short or its long form only, in any case."""

    short: str
    long: str

    @classmethod
    def of(cls, text: str) -> Self:
        """Read the customary notation: `ATTenuation` is `ATT` or `ATTENUATION`.

        Raises:
            ValueError: when the text is not capitals followed by small letters.
        """
        if _MNEMONIC.fullmatch(text) is None:
            raise ValueError(f"mnemonic '{text}': expected capitals followed by small letters, such as ATTenuation")
        return cls(short="".join(letter for letter in text if not letter.islower()), long=text.upper())

    def matches(self, upper: str) -> bool:
        """Whether `upper`, in capitals, is one of the two forms."""
        return upper in {self.short, self.long}


@dataclass(frozen=True, slots=True)
class HeaderNode:
    """One level of a header.

    Attributes:
        mnemonic: its keyword.
        number: the numeric suffix it must have; None stands for 1, which may be left out.
        numbered: any numeric suffix is taken and handed to the command, 1 when left out.
    """

    mnemonic: Mnemonic
    number: int | None = None
    numbered: bool = False

    def accepts(self, number: int | None) -> bool:
        """Whether a numeric suffix (None when left out) fits."""
        return self.numbered or (1 if number is None else number) == (1 if self.number is None else self.number)


def header_variants(pattern: str) -> list[tuple[HeaderNode, ...]]:
    """Every sequence of nodes that a header pattern stands for.

    `INPut#:ATTenuation` takes a channel number, `SOURce2:TEMPerature` must have its 2, `OUTPut1[:STATe]` may leave
    out both its 1 and its last node.

    Raises:
        ValueError: for a malformed pattern.
    """
    parts = list(_HEADER_PART.finditer(pattern))
    if "".join(part[0] for part in parts) != pattern or not parts or any(bool(p[1]) != bool(p[4]) for p in parts):
        raise ValueError(f"header '{pattern}': expected nodes such as INPut#:ATTenuation or OUTPut1[:STATe]")
    options: list[tuple[HeaderNode | None, ...]] = []
    for optional, text, suffix, _ in (part.groups() for part in parts):
        number = int(suffix) if suffix not in {None, "#", "1"} else None
        node = HeaderNode(Mnemonic.of(text), number, numbered=suffix == "#")
        options.append((node, None) if optional else (node,))
    variants = (tuple(node for node in chosen if node is not None) for chosen in itertools.product(*options))
    return [variant for variant in variants if variant]
