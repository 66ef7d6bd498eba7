"""How an ID900 reads parameters and writes answers: volts end with `V`, times with `TB`, words keep mixed case."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hil_sim.scpi.errors import ScpiError
from hil_sim.scpi.mnemonic import Mnemonic
from hil_sim.scpi.values import Kind

_DECIMAL = r"([+-]?(?:\d+\.?\d*|\.\d+)(?:E[+-]?\d{1,2})?)"
_VOLTS = re.compile(rf"{_DECIMAL}\s*(M?)V?", re.IGNORECASE | re.ASCII)
_TIME = re.compile(rf"{_DECIMAL}\s*(?:([KMG]?)TB)?", re.IGNORECASE | re.ASCII)
_NUMBER = re.compile(_DECIMAL, re.IGNORECASE | re.ASCII)
_TIME_BASES = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9}


class DefaultedKind(Kind):
    """A parameter that may be left out: the default holds then."""

    default: Any


def _in_range(value: float, low: float, high: float) -> float:
    if not low <= value <= high:
        raise ScpiError(-222)
    return value


@dataclass(frozen=True, slots=True)
class Volts(DefaultedKind):
    """A voltage, `1.5`, `1.5V` or `1500mV`; written as `1.500V`."""

    default: float
    low: float = -5.0
    high: float = 5.0

    def parse(self, text: str, suffixes: Sequence[int]) -> float:  # noqa: ARG002 -- part of the protocol
        """Read volts."""
        match = _VOLTS.fullmatch(text)
        if match is None:
            raise ScpiError(-104)
        return _in_range(float(match[1]) * (1e-3 if match[2] else 1.0), self.low, self.high)

    def write(self, value: float) -> str:
        """Write with the unit."""
        return f"{value:.3f}V"


@dataclass(frozen=True, slots=True)
class TimeBases(DefaultedKind):
    """A time in time bases of 1 ps, `4000`, `4000TB`, `4KTB`; written as `4000TB`."""

    default: int
    low: int = 0
    high: int = 10**12

    def parse(self, text: str, suffixes: Sequence[int]) -> int:  # noqa: ARG002 -- part of the protocol
        """Read time bases."""
        match = _TIME.fullmatch(text)
        if match is None:
            raise ScpiError(-104)
        return round(_in_range(float(match[1]) * _TIME_BASES[(match[2] or "").upper()], self.low, self.high))

    def write(self, value: int) -> str:
        """Write with the unit."""
        return f"{value}TB"


@dataclass(frozen=True, slots=True)
class Whole(DefaultedKind):
    """A whole number without a unit; decimals are rounded."""

    default: int
    low: int
    high: int

    def parse(self, text: str, suffixes: Sequence[int]) -> int:  # noqa: ARG002 -- part of the protocol
        """Read a number."""
        if _NUMBER.fullmatch(text) is None:
            raise ScpiError(-104)
        return round(_in_range(float(text), self.low, self.high))

    def write(self, value: int) -> str:
        """Write the digits."""
        return str(value)


class Word(DefaultedKind):
    """One of several words, in its short or long form; written in its long form with the short one in capitals."""

    def __init__(self, *words: str) -> None:
        """Choose among `words`, written like `FALLing`; the first is the default."""
        self._words = {word: Mnemonic.of(word) for word in words}
        self.default = words[0]

    def parse(self, text: str, suffixes: Sequence[int]) -> str:  # noqa: ARG002 -- part of the protocol
        """Read a word."""
        for word, mnemonic in self._words.items():
            if mnemonic.matches(text.upper()):
                return word
        raise ScpiError(-224)

    def write(self, value: str) -> str:
        """Write the word."""
        return value


class Block(DefaultedKind):
    """The name of a block of the controller, such as `INPU1` or `TSCO5`, or `NONE`."""

    default = "NONE"

    def __init__(self, **counts: int) -> None:
        """Blocks by the capitals of their name, with how many there are of each; 0 for one without a number."""
        self._counts = counts

    def parse(self, text: str, suffixes: Sequence[int]) -> str:  # noqa: ARG002 -- part of the protocol
        """Read a name."""
        match = re.fullmatch(r"([A-Z]+?)(\d{0,2})", text.upper())
        if match is None:
            raise ScpiError(-104)
        name, number = match[1], match[2]
        known = next((block for block in self._counts if name.startswith(block)), None)
        if name == "NONE":
            return name
        if known is None or bool(number) != bool(self._counts[known]) or not int(number or 0) <= self._counts[known]:
            raise ScpiError(-224)
        return known + number

    def write(self, value: str) -> str:
        """Write the name."""
        return value


@dataclass(frozen=True, slots=True)
class Done(Kind):
    """No parameter: an action, and what it answers."""

    answer: str

    def parse(self, text: str, suffixes: Sequence[int]) -> None:  # noqa: ARG002 -- part of the protocol
        """Refuse any parameter."""
        raise ScpiError(-108)

    def write(self, value: object) -> str:  # noqa: ARG002 -- part of the protocol
        """Write the answer."""
        return self.answer
