"""How numbers look in replies (IEEE 488.2, 8.7.2 to 8.7.4)."""

import math
from collections.abc import Callable

NumberFormat = Callable[[float], str]


def _special(value: float) -> str | None:
    """Infinities and not-a-number as SCPI writes them (SCPI-99 volume 1, 7.2.1.4 and 7.2.1.5)."""
    if math.isnan(value):
        return "9.91E+37"
    if math.isinf(value):
        return "9.9E+37" if value > 0 else "-9.9E+37"
    return None


def nr1(value: float) -> str:
    """An integer: `42`."""
    return _special(value) or str(round(value))


def signed_nr1(value: float) -> str:
    """An integer that always shows its sign: `+42`."""
    return _special(value) or f"{round(value):+d}"


def nr2(decimals: int) -> NumberFormat:
    """A format with a fixed number of decimals: `12.50`."""

    def write(value: float) -> str:
        return _special(value) or f"{value:.{decimals}f}"

    return write


def nr3(digits: int = 8, exponent_digits: int = 3, *, sign: bool = True) -> NumberFormat:
    """A format with an exponent: `+2.50000000E+000` by default, as HP and Agilent instruments write it."""
    spec = f"{'+' if sign else ''}.{digits}E"

    def write(value: float) -> str:
        special = _special(value)
        if special is not None:
            return special
        mantissa, exponent = format(value, spec).split("E")
        return f"{mantissa}E{exponent[0]}{exponent[1:]:0>{exponent_digits}}"

    return write


def plain(value: float) -> str:
    """The shortest text that reads back as the same number."""
    return _special(value) or f"{value:.12g}"
