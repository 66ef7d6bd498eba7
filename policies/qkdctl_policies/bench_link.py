"""A small model of one BB84 link whose polarisation drifts: enough physics to compare policies, no instruments."""

from dataclasses import dataclass, field
from typing import Final

import numpy as np

from qkdctl.physics.bb84 import Channel, error_rate, gain
from qkdctl.physics.decoy import Observed, rate_decoy, vacuum_weak_bounds
from qkdctl.records.facts import LinkFacts, ProtocolFacts
from qkdctl.records.plan import LinkPlan
from qkdctl.records.report import EndReport
from qkdctl.records.session import BasisCounts, End, SessionRecord

EPOCH_MS: Final = 1_000
RATIOS: Final = np.array([1.0, 0.2, 0.0])
"""Intensities of signal, weak decoy and vacuum over that of the signal."""
SHARES: Final = np.array([0.8, 0.1, 0.1])
KEY_BASIS: Final = 0.9
CORRECTION: Final = 1.16


@dataclass(frozen=True)
class Bench:
    """Numbers of the link.

    Attributes:
        loss_db: channel; receiver_loss_db, efficiency, background: of the receiver (background per gate).
        intrinsic_error: error rate when aligned perfectly.
        walk_rad: random walk of the polarisation about each axis of the Poincare sphere, standard deviation per epoch.
        turn_rad: steady rotation about the second axis per epoch, which misaligns both bases.
        residual_rad: standard deviation left about each axis by a re-alignment.
        move_loss: share of an epoch lost when the mean photon number changes, because a key block ends.
    """

    link: str = "alice-bob"
    pulse_rate_hz: int = 100_000_000
    loss_db: float = 10.0
    receiver_loss_db: float = 3.0
    efficiency: float = 0.65
    background: float = 2e-7
    intrinsic_error: float = 0.008
    walk_rad: float = 0.01
    turn_rad: float = 0.01
    residual_rad: float = 0.03
    move_loss: float = 0.5
    start_e6: int = 250_000

    def facts(self) -> LinkFacts:
        """What the link table says about it."""
        return LinkFacts(
            link=self.link,
            alice="bench",
            bob="bench",
            protocols=(ProtocolFacts(protocol="bb84", cap_mean_photon_number_e6=800_000, qber_limit_ppm=90_000),),
            pulse_rate_hz=self.pulse_rate_hz,
            detector_efficiency_ppm=round(1e6 * self.efficiency),
            receiver_loss_mdb=round(1e3 * self.receiver_loss_db),
            background_yield_e9=round(1e9 * self.background),
            aligned_qber_ppm=10_000,
            attenuator_step_mdb=50,
            calibration_uncertainty_ppm=20_000,
            can_realign=1,
            realign_dead_ms=EPOCH_MS,
            dwell_epochs=60,
        )


@dataclass
class BenchLink:
    """The link as it lives: its polarisation drifts, its counts scatter.

    Attributes:
        tilt: rotation of the polarisation about three axes, rad.
        mean_photon_number_e6: commanded now.
        epoch: epochs that have passed.
    """

    bench: Bench
    rng: np.random.Generator
    mean_photon_number_e6: int = 0
    epoch: int = 0
    tilt: np.ndarray = field(default_factory=lambda: np.zeros(3))

    def __post_init__(self) -> None:
        """Start at the commanded intensity of the bench, aligned."""
        self.mean_photon_number_e6 = self.mean_photon_number_e6 or self.bench.start_e6

    def run_epoch(self, plan: LinkPlan | None) -> tuple[EndReport, EndReport]:
        """Carry out a plan, let an epoch pass, and report it from both ends."""
        moved = plan is not None and plan.mean_photon_number_e6 != self.mean_photon_number_e6
        if plan is not None:
            self.mean_photon_number_e6 = plan.mean_photon_number_e6
        realigns = int(plan is not None and plan.realign)
        self.epoch += 1
        self.tilt += self.bench.walk_rad * self.rng.standard_normal(3) + np.array([0.0, self.bench.turn_rad, 0.0])
        if realigns:
            self.tilt = self.bench.residual_rad * self.rng.standard_normal(3)
            return self._report(0.0, realigns)
        return self._report(1.0 - self.bench.move_loss * moved, realigns)

    def _misalignment(self) -> tuple[float, float]:
        """Error probability of a photon in the key basis (third axis) and in the test basis (first axis), at most 1/2.

        A link turned farther would err more than a coin, but has no key either way.
        """
        x, y, z = self.tilt
        intrinsic = self.bench.intrinsic_error
        wrong = (np.hypot(x, y), np.hypot(y, z))
        tilted = [float(np.sin(angle / 2) ** 2) for angle in wrong]
        return tuple(min(intrinsic + (1 - 2 * intrinsic) * error, 0.5) for error in tilted)  # type: ignore[return-value]

    def _report(self, live: float, realigns: int) -> tuple[EndReport, EndReport]:
        bench = self.bench
        mu = self.mean_photon_number_e6 / 1e6 * RATIOS
        transmittance = bench.efficiency * 10 ** (-(bench.loss_db + bench.receiver_loss_db) / 10)
        pulses = round(bench.pulse_rate_hz * live * EPOCH_MS / 1_000)
        counts = []
        for share, misalignment in zip((KEY_BASIS**2, (1 - KEY_BASIS) ** 2), self._misalignment(), strict=True):
            channel = Channel(transmittance, bench.background, misalignment)
            sent = np.floor(pulses * share * SHARES).astype(np.int64)
            detected = self.rng.binomial(sent, gain(channel, mu))
            counts.append((sent, detected, self.rng.binomial(detected, error_rate(channel, mu))))
        made = SessionRecord(
            link=bench.link,
            end="alice",
            sequence=self.epoch,
            block=1,
            started_ms=(self.epoch - 1) * EPOCH_MS,
            duration_ms=EPOCH_MS,
            protocol="bb84",
            pulses=pulses,
            mean_photon_numbers_e6=tuple(round(1e6 * float(mean)) for mean in mu),
            z=_basis(counts[0]),
            x=_basis(counts[1]),
            secret_key_bits=_key_bits(mu, counts),
            dead_ms=round(EPOCH_MS * (1 - live)),
        )
        return self._end("alice", made, realigns), self._end("bob", made, realigns)

    def _end(self, end: End, made: SessionRecord, realigns: int) -> EndReport:
        return EndReport(
            link=self.bench.link,
            end=end,
            mode="running",
            protocol="bb84",
            mean_photon_number_e6=self.mean_photon_number_e6,
            measured_mean_photon_number_e6=self.mean_photon_number_e6 if end == "alice" else 0,
            attenuation_mdb=0,
            age_ms=0,
            trusted=1,
            realigns=realigns,
            sessions=(made.model_copy(update={"end": end}),),
        )


def _basis(counts: tuple[np.ndarray, np.ndarray, np.ndarray]) -> BasisCounts:
    sent, detected, errors = (tuple(int(value) for value in row) for row in counts)
    return BasisCounts(sent=sent, detected=detected, errors=errors)


def _key_bits(mu: np.ndarray, counts: list[tuple[np.ndarray, np.ndarray, np.ndarray]]) -> int:
    """Key of the signal pulses in the key basis, asymptotic: single-photon yield from Z, their errors from X."""
    if mu[0] <= 0 or any(sent[0] == 0 or detected[0] == 0 or detected[1] == 0 for sent, detected, _ in counts):
        return 0
    signal_z, decoy_z, vacuum_z = _observed(mu, counts[0])
    signal_x, decoy_x, vacuum_x = _observed(mu, counts[1])
    bounds_z = vacuum_weak_bounds(signal_z, decoy_z, vacuum_z.gain)
    bounds_x = vacuum_weak_bounds(signal_x, decoy_x, vacuum_x.gain)
    bounds = type(bounds_z)(bounds_z.background, bounds_z.yield_1, bounds_x.error_1)
    rate = rate_decoy(signal_z, bounds, correction=CORRECTION, sift=1.0)
    return max(0, int(float(rate) * int(counts[0][0][0])))


def _observed(mu: np.ndarray, counts: tuple[np.ndarray, np.ndarray, np.ndarray]) -> list[Observed]:
    sent, detected, errors = counts
    return [
        Observed(mu[k], detected[k] / sent[k], errors[k] / detected[k] if detected[k] else 0.5) for k in range(len(mu))
    ]
