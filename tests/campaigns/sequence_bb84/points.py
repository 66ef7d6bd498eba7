"""Where the two are compared. Standard library only, because the peers' environment holds no qkdctl."""

from dataclasses import asdict, dataclass, replace
from typing import Any, Final

LOSS_DB_PER_KM: Final = 0.2


@dataclass(frozen=True, slots=True)
class Point:
    """One link and how long it runs; both simulators get the same numbers.

    A round must last longer than its light and four messages travel, so that only one is under way.

    Attributes:
        name: in the table.
        pulse_rate_hz: its period must be whole picoseconds, the unit of time in SeQUeNCe.
        mean_photon_number: of a pulse at the fibre's input, phase-randomised.
        length_km: of fibre with 0.2 dB/km.
        efficiency: of each of the two detectors.
        dark_rate_hz: of each.
        polarization_fidelity: probability that the fibre leaves a photon's polarisation alone; otherwise the
            polarisation is random, and half of these photons reach the wrong detector.
        dead_gates: dead time of each detector in pulse periods, a whole number.
        pulses: sent per round, after which SeQUeNCe sifts.
        rounds: how many.
        seed: of the random numbers.
    """

    name: str
    pulse_rate_hz: float
    mean_photon_number: float
    length_km: float
    efficiency: float
    dark_rate_hz: float
    polarization_fidelity: float
    dead_gates: int
    pulses: int
    rounds: int
    seed: int

    @property
    def sent(self) -> int:
        """Pulses altogether."""
        return self.pulses * self.rounds

    def to_plain(self) -> dict[str, Any]:
        """For the worker."""
        return asdict(self)


FULL: Final = (
    Point("metro", 1e8, 0.5, 10, 0.5, 0, 0.96, 0, 100_000, 20, 1),
    Point("weak pulses", 1e8, 0.1, 25, 0.8, 1e4, 0.96, 0, 200_000, 22, 2),
    Point("50 km", 5e7, 0.5, 50, 0.9, 0, 0.94, 0, 200_000, 20, 3),
    Point("75 km, dark counts", 5e7, 0.5, 75, 0.9, 1e4, 0.94, 0, 200_000, 28, 4),
    Point("dark counts only", 1e7, 0.1, 50, 0.5, 3e4, 1.0, 0, 200_000, 30, 5),
    Point("slow clock, dark counts", 1e6, 0.2, 25, 0.2, 1e3, 0.98, 0, 200_000, 24, 6),
    Point("bright, no fibre", 1e8, 2.0, 0, 0.9, 0, 0.9, 0, 25_000, 20, 7),
    Point("dead time of 10 gates", 1e8, 0.5, 10, 0.5, 1e5, 0.94, 10, 100_000, 20, 8),
    Point("saturated, 50 gates", 1e9, 0.5, 0, 0.8, 1e5, 0.86, 50, 100_000, 20, 9),
)

QUICK: Final = tuple(replace(point, pulses=point.pulses // 2, rounds=max(1, point.rounds // 20)) for point in FULL)
