"""What figures show: everything that is calculated before anything is drawn."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from qkdctl.physics.finite.security import Security
from qkdctl.physics_view.curves import (
    FiniteCurves,
    LossCurves,
    SaturationCurves,
    finite_curves,
    loss_curves,
    saturation_curves,
)
from qkdctl.physics_view.setup import Setup

FIGURES = ("rates", "qber", "mean-photon-number", "finite-key", "saturation")
"""Figures by name."""

_AGAINST_LOSS = frozenset(FIGURES[:3])


@dataclass(frozen=True, slots=True)
class Request:
    """What to calculate.

    Attributes:
        figures: names of those that are wanted, of `FIGURES`.
        setup: hardware.
        attenuation_db_per_km: of the fibre, for axes in km.
        clock_hz: slots per second.
        dead_time_s: of each detector.
    """

    figures: Collection[str]
    setup: Setup
    attenuation_db_per_km: float
    clock_hz: float
    dead_time_s: float


@dataclass(frozen=True, slots=True)
class Numbers:
    """What the figures of a request show; None for what none of them needs."""

    request: Request
    loss: LossCurves | None
    finite: FiniteCurves | None
    saturation: SaturationCurves | None

    def to_plain(self) -> dict[str, Any]:
        """Members of the JSON document."""
        document: dict[str, Any] = {
            "hardware": self.request.setup.to_plain(),
            "attenuation_db_per_km": self.request.attenuation_db_per_km,
            "clock_hz": self.request.clock_hz,
        }
        parts = {"against_loss": self.loss, "finite_key": self.finite, "saturation": self.saturation}
        return document | {name: part.to_plain() for name, part in parts.items() if part is not None}


def calculate(request: Request) -> Numbers:
    """The numbers that the figures of a request need."""
    hardware, wanted = request.setup.hardware, set(request.figures)
    saturated = "saturation" in wanted
    return Numbers(
        request=request,
        loss=loss_curves(hardware) if wanted & _AGAINST_LOSS else None,
        finite=finite_curves(hardware, Security()) if "finite-key" in wanted else None,
        saturation=saturation_curves(hardware, request.clock_hz, request.dead_time_s) if saturated else None,
    )
