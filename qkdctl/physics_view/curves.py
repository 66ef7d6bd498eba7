"""The numbers behind the figures: all protocols against loss, finite keys, saturation."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from qkdctl.physics.arrays import Floats
from qkdctl.physics.bounds import plob_bound, single_repeater_bound
from qkdctl.physics.detectors import nonparalyzable_rate_hz
from qkdctl.physics.finite.block_size import BlockSize
from qkdctl.physics.finite.security import Security
from qkdctl.physics.hardware import Hardware
from qkdctl.physics.photons import transmittance
from qkdctl.physics.protocols import PROTOCOLS, rate_at_loss, reach_db
from qkdctl.physics_view.crossovers import PLOB, Crossover, crossovers
from qkdctl.physics_view.finite_points import ANALYSES, endless_rate, finite_link
from qkdctl.physics_view.points import correctable_qber, error_rates, operating
from qkdctl.physics_view.setup import FARTHEST_DB

BLOCKS = (1e5, 1e6, 1e7, 1e8, 1e9)
"""Clicks in the key basis that fill a block."""

_BEYOND_DB = 5.0
_FINE_DB, _COARSE_DB, _FINE_UP_TO_DB = 0.5, 1.0, 160.0
_BEYOND_FINITE_DB = 1.0
_FINITE_POINTS = 25
"""Dense near the reach: before, finite rates fall with the transmittance."""

_LOSSES_TO_SATURATE_DB = (0.0, 10.0, 20.0, 30.0, 40.0)
_LIGHT_STEPS = 200
_DETECTORS = 2


@dataclass(frozen=True, slots=True)
class ProtocolCurve:
    """One protocol against loss; every array has one number per loss.

    Attributes:
        reach_db: where its key ends.
        rate_per_pulse: secret bits per slot, 0 beyond the reach.
        mean_photon_number: that serves best; beyond the reach the one that serves best there.
        qber: of the key bits.
        qber_x: of the X basis.
        correctable_qber: at which key would end; it meets `qber` at the reach.
    """

    reach_db: float
    rate_per_pulse: Floats
    mean_photon_number: Floats
    qber: Floats
    qber_x: Floats
    correctable_qber: Floats

    def ends(self) -> bool:
        """Whether there is key, and its end was found."""
        return 0 < self.reach_db < FARTHEST_DB - 0.01

    def to_plain(self) -> dict[str, Any]:
        """For JSON."""
        arrays = ("rate_per_pulse", "mean_photon_number", "qber", "qber_x", "correctable_qber")
        return {"reach_db": self.reach_db, **{name: getattr(self, name).tolist() for name in arrays}}


@dataclass(frozen=True, slots=True)
class LossCurves:
    """All protocols against loss.

    Attributes:
        loss_db: of the fibre, ascending from 0.
        plob: secret bits per slot without repeater at most; infinite at no loss.
        single_repeater: with one repeater midway at most; infinite at no loss.
        protocols: by name.
        crossovers: where one overtakes another, or the PLOB bound.
    """

    loss_db: Floats
    plob: Floats
    single_repeater: Floats
    protocols: Mapping[str, ProtocolCurve]
    crossovers: tuple[Crossover, ...]

    def to_plain(self) -> dict[str, Any]:
        """For JSON; null for infinite."""
        return {
            "loss_db": self.loss_db.tolist(),
            "plob": _finite_or_none(self.plob),
            "single_repeater": _finite_or_none(self.single_repeater),
            "protocols": {name: curve.to_plain() for name, curve in self.protocols.items()},
            "crossovers": [crossover.to_plain() for crossover in self.crossovers],
        }


@dataclass(frozen=True, slots=True)
class FiniteCurves:
    """BB84 with finite blocks against loss, the best source at each.

    Attributes:
        loss_db: ascending from 0.
        key_clicks: that fill a block, shape (blocks,).
        asymptotic: secret bits per pulse of a block without end (`endless_rate`).
        rates: secret bits per pulse by analysis, shape (blocks, losses).
    """

    loss_db: Floats
    key_clicks: Floats
    asymptotic: Floats
    rates: Mapping[str, Floats]

    def to_plain(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "loss_db": self.loss_db.tolist(),
            "key_clicks": self.key_clicks.tolist(),
            "asymptotic": self.asymptotic.tolist(),
            "rate_per_pulse": {name: rates.tolist() for name, rates in self.rates.items()},
        }


@dataclass(frozen=True, slots=True)
class SaturationCurves:
    """BB84 against mean photon number, with and without the dead time of its detectors.

    Attributes:
        mean_photon_number: of the signal, ascending.
        loss_db: of each curve.
        dead_time_s: of each detector.
        ideal_bps: secret bits per second without dead time, shape (losses, light).
        rate_bps: with it, same shape.
    """

    mean_photon_number: Floats
    loss_db: Floats
    dead_time_s: float
    ideal_bps: Floats
    rate_bps: Floats

    def to_plain(self) -> dict[str, Any]:
        """For JSON."""
        light = self.mean_photon_number
        return {
            "mean_photon_number": light.tolist(),
            "dead_time_s": self.dead_time_s,
            "losses": [
                {
                    "loss_db": float(loss),
                    "ideal_bps": ideal.tolist(),
                    "rate_bps": real.tolist(),
                    "best_ideal": float(light[ideal.argmax()]),
                    "best": float(light[real.argmax()]),
                }
                for loss, ideal, real in zip(self.loss_db, self.ideal_bps, self.rate_bps, strict=True)
            ],
        }


def loss_curves(hardware: Hardware) -> LossCurves:
    """All protocols from no loss to a little beyond the longest reach."""
    reaches = {name: reach_db(name, hardware) for name in PROTOCOLS}
    farthest = np.ceil(max(reaches.values())) + _BEYOND_DB
    loss = np.arange(0.0, farthest, _FINE_DB if farthest <= _FINE_UP_TO_DB else _COARSE_DB)
    curves = {name: _curve(name, hardware, loss, reach) for name, reach in reaches.items()}
    lines = {name: _rate(name, hardware, reach) for name, reach in reaches.items()} | {PLOB: _plob}
    on_grid = {name: curve.rate_per_pulse for name, curve in curves.items()} | {PLOB: _plob(loss)}
    return LossCurves(
        loss_db=loss,
        plob=on_grid[PLOB],
        single_repeater=single_repeater_bound(transmittance(loss)),
        protocols=curves,
        crossovers=crossovers(lines, on_grid, loss),
    )


def finite_curves(hardware: Hardware, security: Security) -> FiniteCurves:
    """BB84 in blocks of `BLOCKS` up to its reach; its source chooses how many pulses are lost in sifting."""
    reach = reach_db("bb84", hardware)
    loss = (reach + _BEYOND_FINITE_DB) * (1 - np.linspace(1.0, 0.0, _FINITE_POINTS) ** 2)
    blocks = np.array(BLOCKS)
    link = finite_link(hardware, loss, BlockSize(blocks[:, np.newaxis], "key_clicks"), security)
    return FiniteCurves(
        loss_db=loss,
        key_clicks=blocks,
        asymptotic=endless_rate(hardware, loss),
        rates={name: np.maximum(optimise(link).block.rate(), 0.0) for name, optimise in ANALYSES.items()},
    )


def saturation_curves(hardware: Hardware, clock_hz: float, dead_time_s: float) -> SaturationCurves:
    """BB84 at several losses within its reach; two detectors share the clicks, each dead after its own.

    Pulses of all intensities find a detector dead equally often, so gains and rate shrink by one factor.
    """
    light = np.linspace(0.0, 1.0, _LIGHT_STEPS + 1)[1:]
    within_reach = [loss for loss in _LOSSES_TO_SATURATE_DB if loss < reach_db("bb84", hardware)]
    loss = np.array(within_reach or _LOSSES_TO_SATURATE_DB[:1])
    seen = rate_at_loss("bb84", hardware, loss[:, np.newaxis], light)
    ideal = np.maximum(seen.rate, 0.0) * clock_hz
    per_detector_hz = seen.gain * clock_hz / _DETECTORS
    alive = nonparalyzable_rate_hz(per_detector_hz, dead_time_s) / per_detector_hz
    return SaturationCurves(light, loss, dead_time_s, ideal_bps=ideal, rate_bps=ideal * alive)


def _curve(protocol: str, hardware: Hardware, loss_db: Floats, reach: float) -> ProtocolCurve:
    seen = operating(protocol, hardware, loss_db, None, reach)
    _, qber_x = error_rates(protocol, hardware, loss_db, seen)
    return ProtocolCurve(
        reach_db=reach,
        rate_per_pulse=np.maximum(seen.rate, 0.0),
        mean_photon_number=seen.mean_photon_number,
        qber=seen.qber,
        qber_x=qber_x,
        correctable_qber=correctable_qber(protocol, hardware, seen),
    )


def _rate(protocol: str, hardware: Hardware, reach: float) -> Callable[[Floats], Floats]:
    return lambda loss_db: np.maximum(operating(protocol, hardware, loss_db, None, reach).rate, 0.0)


def _plob(loss_db: Floats) -> Floats:
    return plob_bound(transmittance(loss_db))


def _finite_or_none(values: Floats) -> list[float | None]:
    return [value if np.isfinite(value) else None for value in values.tolist()]
