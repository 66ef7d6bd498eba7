"""Numbers for people."""

from typing import Final

_NOTHING: Final = "-"
_PREFIXES: Final = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))
_SPANS: Final = ((86_400.0, "d"), (3600.0, "h"), (60.0, "min"), (1.0, "s"))


def bits(count: float | None) -> str:
    """Bits, such as `12.3 Mb`."""
    if count is None:
        return _NOTHING
    for size, prefix in _PREFIXES:
        if count >= 0.9995 * size:
            return f"{_three_digits(count / size)} {prefix}b"
    return f"{count:.0f} b"


def rate(bits_per_s: float | None) -> str:
    """Bits per second, such as `12.3 kb/s`."""
    return _NOTHING if bits_per_s is None else f"{bits(bits_per_s)}/s"


def percent(share: float | None) -> str:
    """A share in per cent, such as `2.4 %`."""
    return _NOTHING if share is None else f"{100 * share:.1f} %"


def time(seconds: float | None) -> str:
    """A time in its two largest units, such as `2 h 15 min`."""
    if seconds is None:
        return _NOTHING
    if seconds < 60:
        return f"{_three_digits(seconds)} s" if 0 < seconds < 10 else f"{seconds:.0f} s"
    whole = round(seconds)
    first = next(place for place, (size, _) in enumerate(_SPANS) if whole >= size)
    size, unit = _SPANS[first]
    count, rest = divmod(whole, int(size))
    below, unit_below = _SPANS[min(first + 1, len(_SPANS) - 1)]
    part = rest // int(below)
    return f"{count} {unit} {part} {unit_below}" if part else f"{count} {unit}"


def _three_digits(value: float) -> str:
    return f"{value:.{2 if value < 9.995 else 1 if value < 99.95 else 0}f}"
