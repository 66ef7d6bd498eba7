"""The agreed state of many links as arrays: `LinkState` and the rules of `qkdctl.records.history` for each."""

from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, Final, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from hil_sim.network.hardware import PROTOCOLS
from hil_sim.network.rows import LinkRows
from qkdctl.records.saturation import LARGEST
from qkdctl.records.series import EPOCHS_MAX, FLOOR_SAMPLES
from qkdctl_policies.environment.facts import FactArrays

Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]

Arrays = TypeVar("Arrays", "LinkStates", "SeriesArrays", "ErrorSeriesArrays")

_NAMES = np.array(PROTOCOLS)


@dataclass(frozen=True, slots=True)
class SeriesArrays:
    """`Series` of many links, each field of shape (links,)."""

    level: Integers
    average: Integers
    trend: Integers
    spread: Integers
    samples: Integers

    @classmethod
    def starting_at(cls, value: Integers) -> Self:
        """Series without memory."""
        zero = np.zeros_like(value)
        return cls(value, value, zero, zero, zero)

    def after(self, value: Integers, known: Flags) -> "SeriesArrays":
        """The series one epoch later, after a measurement where there is one."""
        first = self.samples == 0
        average = _smooth(self.average, value)
        new = SeriesArrays(
            level=value,
            average=np.where(first, value, average),
            trend=np.where(first, 0, _smooth(self.trend, average - self.average)),
            spread=np.where(first, 0, _smooth(self.spread, np.abs(value - average))),
            samples=np.minimum(self.samples + 1, EPOCHS_MAX),
        )
        return where(known, new, self)


@dataclass(frozen=True, slots=True)
class ErrorSeriesArrays:
    """`ErrorSeries` of many links, each field of shape (links,)."""

    level: Integers
    average: Integers
    trend: Integers
    spread: Integers
    samples: Integers
    floor: Integers
    floor_samples: Integers
    excess_sum: Integers

    @classmethod
    def of(cls, series: SeriesArrays, floor: Integers, floor_samples: Integers, excess_sum: Integers) -> Self:
        """A series with the harm that its rise has done."""
        return cls(
            series.level,
            series.average,
            series.trend,
            series.spread,
            series.samples,
            floor,
            floor_samples,
            excess_sum,
        )

    @classmethod
    def promised(cls, floor: Integers, level: Integers) -> Self:
        """Series without memory above a floor that nothing has measured."""
        zero = np.zeros_like(floor)
        return cls.of(SeriesArrays.starting_at(level), floor, zero + FLOOR_SAMPLES, zero)

    @classmethod
    def unmeasured(cls, level: Integers) -> Self:
        """Series without memory whose floor the next measurements give."""
        zero = np.zeros_like(level)
        return cls.of(SeriesArrays.starting_at(level), level, zero, zero)

    def after(self, value: Integers, known: Flags) -> "ErrorSeriesArrays":
        """The series one epoch later, after a measurement where there is one."""
        plain = SeriesArrays(*(getattr(self, name) for name in SeriesArrays.__slots__)).after(value, known)
        settling = known & (self.floor_samples < FLOOR_SAMPLES)
        floor = np.where(settling, (self.floor * self.floor_samples + value) // (self.floor_samples + 1), self.floor)
        excess = np.where(known, np.maximum(_added(self.excess_sum, value - floor), 0), self.excess_sum)
        return ErrorSeriesArrays.of(plain, floor, self.floor_samples + settling, excess)


@dataclass(frozen=True, slots=True)
class LinkStates:
    """`LinkState` of many links; each field of shape (links,).

    Attributes:
        running: 1 once a link has been reported, 0 before: nobody knows its mode then.
    """

    running: Integers
    protocol_number: NDArray[np.int8]
    mean_photon_number_e6: Integers
    measured_mean_photon_number_e6: Integers
    qber_z: ErrorSeriesArrays
    qber_x: ErrorSeriesArrays
    loss: SeriesArrays
    sifted_bits: Integers
    test_bits: Integers
    secret_key_bits: Integers
    detected: Integers
    pulses: Integers
    vacuum_sent: Integers
    vacuum_detected: Integers
    duration_ms: Integers
    dead_ms: Integers
    age_ms: Integers
    valid: Integers
    invalid_epochs: Integers
    realign_dead_ms: Integers
    dead_run_ms: Integers
    epochs_since_power_change: Integers
    epochs_since_realign: Integers
    epochs_since_protocol_change: Integers

    @property
    def protocol(self) -> NDArray[np.str_]:
        """Names of the protocols."""
        return np.asarray(_NAMES[self.protocol_number])


_COUNTS: Final = (
    "sifted_bits",
    "test_bits",
    "secret_key_bits",
    "detected",
    "pulses",
    "vacuum_sent",
    "vacuum_detected",
    "duration_ms",
    "dead_ms",
)
"""Fields that only a valid row changes."""


def unseen(facts: FactArrays, protocol_number: NDArray[np.int8]) -> LinkStates:
    """Links before their first report."""
    zero = np.zeros_like(facts.dwell_epochs)
    never = zero + EPOCHS_MAX
    promised = ErrorSeriesArrays.promised(facts.aligned_qber_ppm, facts.aligned_qber_ppm)
    return LinkStates(
        running=zero,
        protocol_number=protocol_number,
        mean_photon_number_e6=zero,
        measured_mean_photon_number_e6=zero,
        qber_z=promised,
        qber_x=promised,
        loss=SeriesArrays.starting_at(zero),
        **dict.fromkeys(_COUNTS, zero),
        age_ms=zero,
        valid=zero,
        invalid_epochs=never,
        realign_dead_ms=facts.realign_dead_ms,
        dead_run_ms=zero,
        epochs_since_power_change=never,
        epochs_since_realign=never,
        epochs_since_protocol_change=never,
    )


def advanced(old: LinkStates, rows: LinkRows, present: Flags, facts: FactArrays, epoch_ms: int) -> LinkStates:
    """The states one epoch later; `present` says which links were reported."""
    return where(present, _reported(old, rows, facts), _silent(old, epoch_ms))


def where(condition: Flags, yes: Arrays, no: Arrays) -> Arrays:
    """One table where the condition holds and the other elsewhere, field by field."""
    if condition.all():
        return yes
    chosen: dict[str, Any] = {}
    for field in fields(yes):
        one, other = getattr(yes, field.name), getattr(no, field.name)
        nested = is_dataclass(one)
        chosen[field.name] = where(condition, one, other) if nested else np.where(condition, one, other)
    return type(yes)(**chosen)


def _silent(old: LinkStates, epoch_ms: int) -> LinkStates:
    return replace(
        old,
        age_ms=_added(old.age_ms, np.full_like(old.age_ms, epoch_ms)),
        valid=np.zeros_like(old.valid),
        invalid_epochs=_later(old.invalid_epochs),
        epochs_since_power_change=_later(old.epochs_since_power_change),
        epochs_since_realign=_later(old.epochs_since_realign),
        epochs_since_protocol_change=_later(old.epochs_since_protocol_change),
    )


def _reported(old: LinkStates, rows: LinkRows, facts: FactArrays) -> LinkStates:
    valid, realigned = rows.valid > 0, rows.realigns > 0
    switched = rows.protocol != old.protocol_number
    moved = rows.mean_photon_number_e6 != old.mean_photon_number_e6
    dead_run_ms = np.where(rows.dead_ms > 0, _added(old.dead_run_ms, rows.dead_ms), 0)
    series = _series(old, rows, facts, realigned, switched & ~realigned)
    return LinkStates(
        running=np.ones_like(old.running),
        protocol_number=rows.protocol,
        mean_photon_number_e6=rows.mean_photon_number_e6,
        measured_mean_photon_number_e6=rows.measured_mean_photon_number_e6,
        qber_z=series[0],
        qber_x=series[1],
        loss=series[2],
        **{name: np.where(valid, getattr(rows, name), getattr(old, name)) for name in _COUNTS},
        age_ms=np.zeros_like(old.age_ms),
        valid=rows.valid,
        invalid_epochs=np.where(valid, 0, _later(old.invalid_epochs)),
        realign_dead_ms=np.where(realigned, _middle(old.realign_dead_ms, dead_run_ms), old.realign_dead_ms),
        dead_run_ms=np.where(realigned, 0, dead_run_ms),
        epochs_since_power_change=np.where(moved, 0, _later(old.epochs_since_power_change)),
        epochs_since_realign=np.where(realigned, 0, _later(old.epochs_since_realign)),
        epochs_since_protocol_change=np.where(switched, 0, _later(old.epochs_since_protocol_change)),
    )


def _series(
    old: LinkStates, rows: LinkRows, facts: FactArrays, realigned: Flags, switched: Flags
) -> tuple[ErrorSeriesArrays, ErrorSeriesArrays, SeriesArrays]:
    """Error rates and loss; they restart after a re-alignment or a change of protocol."""
    valid = rows.valid > 0
    errors = []
    for before, value, clicks in (
        (old.qber_z, rows.qber_z_ppm, rows.sifted_bits),
        (old.qber_x, rows.qber_x_ppm, rows.test_bits),
    ):
        known = valid & (clicks > 0)
        after = before.after(value, known)
        if realigned.any() or switched.any():
            level = np.where(known, value, before.level)
            after = where(realigned, ErrorSeriesArrays.unmeasured(level), after)
            after = where(switched, ErrorSeriesArrays.promised(facts.aligned_qber_ppm, level), after)
        errors.append(after)
    known = valid & (rows.detected > 0)
    loss = old.loss.after(rows.loss_mdb, known)
    restarted = SeriesArrays.starting_at(np.where(known, rows.loss_mdb, old.loss.level))
    return errors[0], errors[1], where(realigned | switched, restarted, loss)


def _smooth(average: Integers, value: Integers) -> Integers:
    return np.asarray(average + ((value - average + 2) >> 2))


def _added(one: Integers, other: Integers) -> Integers:
    """The sum, stopping at the largest count as the records do; `one` is no less than 0."""
    room = LARGEST - one
    return np.asarray(one + np.minimum(other, room))


def _middle(one: Integers, other: Integers) -> Integers:
    """The mean rounded down, without a sum that wraps."""
    return np.asarray((one >> 1) + (other >> 1) + (one & other & 1))


def _later(epochs: Integers) -> Integers:
    return np.minimum(epochs + 1, EPOCHS_MAX)
