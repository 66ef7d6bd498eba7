"""Kinds of parameters: how they are read from a command and written into a reply."""

import math
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from hil_sim.scpi.errors import ScpiError
from hil_sim.scpi.formats import NumberFormat, nr1, nr3
from hil_sim.scpi.mnemonic import Mnemonic
from hil_sim.scpi.units import to_base

# A limit that depends on the state is a function of the numeric suffixes of the header.
Limit = float | Callable[..., float]

_NUMBER = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+)(?:\s*[eE]\s*[+-]?\d+)?)\s*([A-Za-z/]*)", re.ASCII)


class Kind(ABC):
    """One kind of parameter."""

    takes_all: ClassVar[bool] = False
    """Whether `parse` gets everything after the header, commas included, instead of one parameter."""

    @abstractmethod
    def parse(self, text: str, suffixes: Sequence[int]) -> Any:
        """Read a parameter; raises `ScpiError` for anything else than a legal value."""

    @abstractmethod
    def write(self, value: Any) -> str:
        """The reply that shows `value`."""

    def bound(self, text: str, suffixes: Sequence[int]) -> Any:  # noqa: ARG002 -- for kinds that have bounds
        """What a query with `MIN`, `MAX` or `DEF` asks for; raises `ScpiError` where there is no such thing."""
        raise ScpiError(-108)


def read_number(text: str, unit: str) -> float:
    """A decimal number with an optional suffix, in `unit`.

    Raises:
        ScpiError: -120 or -104 when it is no number, -131 or -138 for a wrong suffix.
    """
    match = _NUMBER.fullmatch(text)
    if match is None:
        raise ScpiError(-120 if text[:1] in "+-.0123456789" else -104)
    try:
        value = float(re.sub(r"\s", "", match[1]))
    except ValueError:
        raise ScpiError(-120) from None
    return to_base(value, match[2], unit)


@dataclass(frozen=True, slots=True)
class Number(Kind):
    """A number within limits, in a base unit, with `MIN`, `MAX` and `DEF`.

    Attributes:
        unit: base unit, as in `hil_sim.scpi.units`.
        minimum, maximum: inclusive limits.
        default: what `DEF` means; none makes `DEF` an illegal value.
        step: resolution to which a set value is rounded; 0 for none.
        form: how replies are written.
    """

    unit: str = ""
    minimum: Limit = -math.inf
    maximum: Limit = math.inf
    default: Limit | None = None
    step: float = 0.0
    form: NumberFormat = field(default_factory=nr3)

    def parse(self, text: str, suffixes: Sequence[int]) -> float:
        """Read a number or a word for one; -222 outside the limits."""
        if text[:1].isalpha():
            return self.bound(text, suffixes)
        value = read_number(text, self.unit)
        if not _at(self.minimum, suffixes) <= value <= _at(self.maximum, suffixes):
            raise ScpiError(-222)
        return round(value / self.step) * self.step if self.step else value

    def write(self, value: float) -> str:
        """Write in the format of the instrument."""
        return self.form(value)

    def bound(self, text: str, suffixes: Sequence[int]) -> float:
        """Limit or default by name; -141 for another word, -224 where the instrument has no such value."""
        for word, limit in ((_MINIMUM, self.minimum), (_MAXIMUM, self.maximum), (_DEFAULT, self.default)):
            if word.matches(text.upper()):
                value = math.inf if limit is None else _at(limit, suffixes)
                if math.isinf(value):
                    raise ScpiError(-224)
                return value
        raise ScpiError(-141 if text[:1].isalpha() else -108)


@dataclass(frozen=True, slots=True)
class Integer(Kind):
    """A whole number within limits; decimals are rounded (IEEE 488.2, 10.10.2 and others)."""

    minimum: int = 0
    maximum: int = 2**31 - 1
    form: NumberFormat = nr1

    def parse(self, text: str, suffixes: Sequence[int]) -> int:  # noqa: ARG002 -- the limits are constant
        """Read and round; -222 outside the limits."""
        value = read_number(text, "")
        if not self.minimum <= value <= self.maximum:
            raise ScpiError(-222)
        return round(value)

    def write(self, value: int) -> str:
        """Write in the format of the instrument."""
        return self.form(value)


@dataclass(frozen=True, slots=True)
class Boolean(Kind):
    """`0`, `1`, `ON` or `OFF`; a number other than zero means on (SCPI-99 volume 1, 7.3)."""

    def parse(self, text: str, suffixes: Sequence[int]) -> bool:  # noqa: ARG002 -- part of the protocol
        """Read a switch position; -224 for another word."""
        word = text.upper()
        if word in {"ON", "OFF"}:
            return word == "ON"
        if word[:1].isalpha():
            raise ScpiError(-224)
        return round(min(max(read_number(text, ""), -1.0), 1.0)) != 0

    def write(self, value: bool) -> str:
        """Write 0 or 1."""
        return "1" if value else "0"


class Choice(Kind):
    """One of several mnemonics, each in its short or long form; the value and the reply are the short form.

    With `numbered`, positions count as well (`OUTP:POW:UN 1`), and replies are positions with a sign.
    """

    def __init__(self, *words: str, numbered: bool = False) -> None:
        """Choose among `words`, written like header mnemonics (`CURRent`)."""
        self._words = tuple(Mnemonic.of(word) for word in words)
        self._numbered = numbered

    def parse(self, text: str, suffixes: Sequence[int]) -> str:  # noqa: ARG002 -- part of the protocol
        """Read a word or, when numbered, its position; -224 for another one."""
        if self._numbered and not text[:1].isalpha():
            position = read_number(text, "")
            if position not in range(len(self._words)):
                raise ScpiError(-224)
            return self._words[int(position)].short
        for word in self._words:
            if word.matches(text.upper()):
                return word.short
        raise ScpiError(-224)

    def write(self, value: str) -> str:
        """Write the short form, or the position."""
        if not self._numbered:
            return value
        return f"{[word.short for word in self._words].index(value):+d}"


@dataclass(frozen=True, slots=True)
class Raw(Kind):
    """Text that the instrument reads by itself, such as channel lists."""

    takes_all: ClassVar[bool] = True

    def parse(self, text: str, suffixes: Sequence[int]) -> str:  # noqa: ARG002 -- part of the protocol
        """Take the text as it is."""
        return text

    def write(self, value: object) -> str:
        """Write the value as text."""
        return str(value)


_MINIMUM = Mnemonic.of("MINimum")
_MAXIMUM = Mnemonic.of("MAXimum")
_DEFAULT = Mnemonic.of("DEFault")


def _at(limit: Limit, suffixes: Sequence[int]) -> float:
    return limit(*suffixes) if callable(limit) else limit
