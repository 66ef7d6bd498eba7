"""Alarms: conditions that somebody should know of; critical ones stay until they are acknowledged as well."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum

import structlog

from qkdctl.clock import Clock
from qkdctl.control.alarm_hints import HINTS

log = structlog.get_logger(__name__)


class Severity(Enum):
    """Critical: light may be where it must not be, or key may be wrong."""

    WARNING = "warning"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True)
class Alarm:
    """One condition that somebody should know of.

    Attributes:
        number: rises by one per alarm.
        code: stable name; subject: link or device it concerns.
        raised_ms, cleared_ms: wall clock; cleared_ms is 0 while the condition lasts.
        acknowledged_by: who has seen it; "" while nobody has.
    """

    number: int
    code: str
    subject: str
    text: str
    severity: Severity
    raised_ms: int
    cleared_ms: int = 0
    acknowledged_by: str = ""
    acknowledged_ms: int = 0

    @property
    def hint(self) -> str:
        """What can be done about it."""
        return HINTS.get(self.code, "")

    @property
    def active(self) -> bool:
        """The condition lasts."""
        return self.cleared_ms == 0

    @property
    def listed(self) -> bool:
        """To be shown: it lasts, or was critical and nobody has acknowledged it yet."""
        return self.active or (self.severity is Severity.CRITICAL and not self.acknowledged_by)


class Alarms:
    """The alarms of one node; a condition that lasts is one alarm however often it is seen.

    Args:
        clock: for time stamps.
        on_change: called with each alarm raised, cleared or acknowledged; must not block.
    """

    _LIMIT = 1000

    def __init__(self, clock: Clock, on_change: Callable[[Alarm], None] = lambda _: None) -> None:
        self._clock = clock
        self._on_change = on_change
        self._alarms: dict[int, Alarm] = {}
        self._next = 1

    def raise_(self, code: str, subject: str, text: str, severity: Severity = Severity.WARNING) -> bool:
        """Raise an alarm unless the same condition is already active; tells whether it is new."""
        if self._find(code, subject) is not None:
            return False
        alarm = Alarm(self._next, code, subject, text, severity, self._clock.wall_ms())
        self._next += 1
        self._alarms[alarm.number] = alarm
        self._forget_old()
        log.warning("alarm", code=code, subject=subject, text=text, severity=severity.value)
        self._on_change(alarm)
        return True

    def clear(self, code: str, subject: str) -> None:
        """The condition is over; a critical alarm stays listed until it is acknowledged."""
        alarm = self._find(code, subject)
        if alarm is not None:
            self._replace(replace(alarm, cleared_ms=self._clock.wall_ms()))
            log.info("alarm cleared", code=code, subject=subject)

    def acknowledge(self, number: int, who: str) -> Alarm:
        """Note that somebody has seen it.

        Raises:
            KeyError: no such alarm.
        """
        return self._replace(replace(self._alarms[number], acknowledged_by=who, acknowledged_ms=self._clock.wall_ms()))

    def listed(self) -> list[Alarm]:
        """Alarms to be shown, oldest first."""
        return [alarm for alarm in self._alarms.values() if alarm.listed]

    def _find(self, code: str, subject: str) -> Alarm | None:
        for alarm in self._alarms.values():
            if alarm.active and alarm.code == code and alarm.subject == subject:
                return alarm
        return None

    def _replace(self, alarm: Alarm) -> Alarm:
        self._alarms[alarm.number] = alarm
        self._on_change(alarm)
        return alarm

    def _forget_old(self) -> None:
        while len(self._alarms) > self._LIMIT:
            del self._alarms[min(self._alarms.values(), key=_dispensable_first).number]


def _dispensable_first(alarm: Alarm) -> tuple[bool, bool, bool, int]:
    """What nobody has to see, then warnings, then what was seen: whoever causes many alarms hides no grave one."""
    return alarm.listed, alarm.severity is Severity.CRITICAL, not alarm.acknowledged_by, alarm.number
