"""Unit suffixes of SCPI numbers and their scaling (SCPI-99 volume 1, section 7.5; IEEE 488.2, 7.7.3)."""

import math

from hil_sim.scpi.errors import ScpiError

_PREFIXES = {
    "": 1.0,
    "EX": 1e18,
    "PE": 1e15,
    "T": 1e12,
    "G": 1e9,
    "MA": 1e6,
    "K": 1e3,
    "M": 1e-3,
    "U": 1e-6,
    "N": 1e-9,
    "P": 1e-12,
    "F": 1e-15,
    "A": 1e-18,
}

# Base unit of a command: the symbol that suffixes end with, and how many of it one base unit is.
_SYMBOLS = {
    "m": ("M", 1.0),
    "mm": ("M", 1e-3),
    "nm": ("M", 1e-9),
    "s": ("S", 1.0),
    "Hz": ("HZ", 1.0),
    "A": ("A", 1.0),
    "V": ("V", 1.0),
    "W": ("W", 1.0),
    "Ohm": ("OHM", 1.0),
}

# Suffixes of units that take no prefix.
_PLAIN = {
    "dB": ("DB",),
    "dBm": ("DBM",),
    "dB/s": ("DB/S",),
    "degC": ("C", "CEL", "DEGC"),
}


def to_base(value: float, suffix: str, unit: str) -> float:
    """A number with a suffix in the base unit of its command.

    Args:
        value: the number as written.
        suffix: as written, any case, empty for none; `dBm` and watts convert into each other.
        unit: base unit of the command: m, mm, nm, s, Hz, A, V, W, Ohm, dB, dBm, dB/s, degC, or empty.

    Raises:
        ScpiError: -138 where the command takes no suffix, -131 for one that does not fit.
    """
    if not suffix:
        return value
    if not unit:
        raise ScpiError(-138)
    suffix = suffix.upper()
    if unit == "W" and suffix == "DBM":
        return watts(value)
    if unit in _PLAIN:
        if suffix in _PLAIN[unit]:
            return value
        if unit == "dBm":
            return dbm(to_base(value, suffix, "W"))
        raise ScpiError(-131)
    symbol, size = _SYMBOLS[unit]
    prefix = suffix.removesuffix(symbol)
    if prefix == suffix or prefix not in _PREFIXES:
        raise ScpiError(-131)
    # IEEE 488.2: in front of hertz and ohms a lone M means mega.
    factor = 1e6 if prefix == "M" and symbol in {"HZ", "OHM"} else _PREFIXES[prefix]
    return value * factor / size


def watts(dbm_value: float) -> float:
    """Power in watts; more dBm than a float can hold becomes infinite."""
    return 10 ** ((dbm_value - 30) / 10) if dbm_value < 3000 else math.inf


def dbm(watts_value: float) -> float:
    """Power in dBm; zero or less becomes -inf."""
    return 10 * math.log10(watts_value) + 30 if watts_value > 0 else -math.inf
