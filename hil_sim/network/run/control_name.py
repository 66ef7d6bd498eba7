"""Controls of a network, by name."""

from enum import StrEnum


class ControlName(StrEnum):
    """Who changes the settings of a network, see `field_control`."""

    HOLD = "hold"
    FIELD = "field"
