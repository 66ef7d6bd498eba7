"""Typed attributes: what a device can be asked and told, in which unit, within which limits."""

import math
from dataclasses import dataclass, field
from enum import Enum
from typing import TypeAlias, TypeGuard

from qkdctl.devices.errors import OutOfRangeError

Value: TypeAlias = bool | int | float | str
#: Beyond any quantity; keeps integers out that no float can hold.
_FLOAT_LIMIT = 1e300


class Poll(Enum):
    """How often an attribute is read: each cycle, one slow attribute per cycle, or only when asked."""

    FAST = "fast"
    SLOW = "slow"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Limits:
    """A closed interval and the largest single step, in the unit of the attribute; infinite where nothing is stated."""

    minimum: float = -math.inf
    maximum: float = math.inf
    maximum_step: float = math.inf

    def intersect(self, other: "Limits") -> "Limits":
        """Both limits at once. An empty intersection admits no value; `is_empty` tells."""
        return Limits(
            max(self.minimum, other.minimum),
            min(self.maximum, other.maximum),
            min(self.maximum_step, other.maximum_step),
        )

    @property
    def is_empty(self) -> bool:
        """True when no value satisfies the limits."""
        return not self.minimum <= self.maximum

    def admits(self, value: float) -> bool:
        """True when the value lies in the interval; NaN never does."""
        return self.minimum <= value <= self.maximum


@dataclass(frozen=True, slots=True)
class Attribute:
    """One quantity of a device.

    Attributes:
        name: snake_case, ending in its unit where it has one (`attenuation_db`).
        type: bool, int, float or str.
        unit: for people; "" where the quantity has none.
        limits: what the manual allows; configuration can only narrow it.
        writable, readable: which directions exist.
        poll: how often the supervisor reads it.
        resolution: step of the wire format or the hardware, in the unit; 0 where it is continuous. Whoever computes a
            set-point rounds to it in the safe direction.
        tolerance: largest difference, in the unit, between a set-point and its read-back.
        settle_s: longest time the read-back may take to arrive within the tolerance.
        choices: for str attributes, the values allowed; empty for any.
        wire: the command or commands, in the words of the driver's protocol.
    """

    name: str
    type: type[bool] | type[int] | type[float] | type[str]
    unit: str = ""
    description: str = ""
    limits: Limits = field(default_factory=Limits)
    writable: bool = False
    readable: bool = True
    poll: Poll = Poll.SLOW
    resolution: float = 0.0
    tolerance: float = 0.0
    settle_s: float = 1.0
    choices: tuple[str, ...] = ()
    wire: object = None

    @property
    def has_magnitude(self) -> bool:
        """True for numbers, to which limits apply."""
        return self.type in (int, float)

    def check(self, value: Value, limits: Limits, *, who: str, previous: Value | None = None) -> Value:
        """Return the value in the attribute's type, or refuse it.

        Args:
            value: what somebody wants to set.
            limits: intersection of all limits in force.
            who: device name, for the message.
            previous: last known value, against which the step is measured.

        Raises:
            OutOfRangeError: wrong type, not finite, out of the limits or the step; never clipped.
        """
        where = f"{who}.{self.name}"
        if not self.writable:
            raise OutOfRangeError(f"{where} cannot be written; it is only read")
        checked = self._typed(value, where)
        if isinstance(checked, str):
            if self.choices and checked not in self.choices:
                raise OutOfRangeError(f"{where} = {checked!r} refused; expected one of {', '.join(self.choices)}")
            return checked
        if isinstance(checked, bool):
            return checked
        shown = f"{where} = {checked:.15g} {self.unit}".rstrip()
        if not limits.admits(checked):
            raise OutOfRangeError(
                f"{shown} refused; the limits are {limits.minimum:g} to {limits.maximum:g} {self.unit}".rstrip()
            )
        if _is_number(previous) and abs(checked - previous) > limits.maximum_step:
            raise OutOfRangeError(
                f"{shown} refused; it stands at {previous:g} and the largest step is "
                f"{limits.maximum_step:g} {self.unit}".rstrip()
            )
        return checked

    def matches(self, set_point: Value, read_back: Value) -> bool:
        """True when a read-back shows the set-point, within the tolerance."""
        if isinstance(set_point, bool | str) or isinstance(read_back, bool | str):
            return set_point == read_back
        return abs(set_point - read_back) <= self.tolerance + 1e-9 * abs(set_point)

    def _typed(self, value: Value, where: str) -> Value:
        """The value in the attribute's type; a bool is no number, and a number is no bool."""
        if self.type is str:
            if isinstance(value, str) and value.isprintable() and value.isascii() and ";" not in value:
                return value
            raise OutOfRangeError(f"{where} = {value!r:.80} refused; expected printable ASCII without a semicolon")
        if self.type is bool:
            if isinstance(value, bool):
                return value
        elif _is_number(value) and abs(value) < _FLOAT_LIMIT and (self.type is float or isinstance(value, int)):
            return self.type(value)
        shown = "a number" if isinstance(value, int) and abs(value) >= _FLOAT_LIMIT else f"{value!r:.80}"
        raise OutOfRangeError(f"{where} = {shown} refused; expected a finite {self.type.__name__}")


def _is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)
