"""What a link of the simulated network is built of, and which protocols it can run."""

import math
from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from hil_sim.world.parameters import DetectorParameters, Fraction, NonNegative, Parameters, Positive

ProtocolName = Literal["bb84", "mdi", "tf", "bbm92"]
PROTOCOLS: Final[tuple[ProtocolName, ...]] = ("bb84", "mdi", "tf", "bbm92")
"""Protocols by their number in arrays."""

_E6: Final = 1_000_000

PositiveInt = Annotated[int, Field(ge=1)]


class KeyBlocks(Parameters):
    """When a block of sifted bits becomes key, and how much of it.

    Attributes:
        credit: `block` gives key when a block is full, so a block that is cut short is lost; `running` gives at once
            what the present block proves, as the engines of the instrument-level world do.
        security: `asymptotic` bounds, or `finite` size after Lim et al., Phys. Rev. A 89, 022307 (2014), which only
            decoy BB84 has here; the other protocols stay asymptotic.
        sifted_bits: size of a full block, clicks of the signal intensity in the key basis.
        longest_s: a block is closed after this time, however full.
        least_clicks: clicks needed from the key basis, and from the test basis, before anything is concluded.
        secrecy, correctness: failure probabilities of the finite-size proof.
    """

    credit: Literal["block", "running"] = "block"
    security: Literal["asymptotic", "finite"] = "finite"
    sifted_bits: PositiveInt = 10_000_000
    longest_s: Positive = 3600.0
    least_clicks: PositiveInt = 200
    secrecy: Annotated[float, Field(gt=0, lt=1)] = 1e-9
    correctness: Annotated[float, Field(gt=0, lt=1)] = 1e-15


class LinkHardware(Parameters):
    """Transmitter, receiver and electronics of one link.

    Attributes:
        protocols: what the link can run; it starts with the first.
        pulse_rate_hz, gate_s: clock, and window in which a click counts; both ends and a relay share the clock.
        detector: both detectors of the receiver (of the relay for `mdi` and `tf`, of either end for `bbm92`).
        receiver_loss_db: from the fibre's end to the detectors.
        intrinsic_error: error probability of a photon on a perfectly aligned link.
        intensity_ratios, intensity_probabilities: signal, weak decoy and vacuum, relative to the signal.
        basis_probabilities: how often either end chooses Z and X.
        correction: inefficiency of error correction, at least 1.
        start_mean_photon_number, cap_mean_photon_number: commanded at the start; highest that the operator allows.
            Of a signal pulse for `bb84`, of either sender for `mdi` and `tf`.
        cap_mean_pairs: highest mean number of pairs per pulse for `bbm92`, whose error rate grows with it.
        qber_limit: error rate above which the operator wants no key.
        calibration_uncertainty: by how much, relative, the true mean photon number may differ from the commanded one;
            three standard deviations of a fixed error drawn for each link.
        attenuator_step_db: smallest step of the attenuator.
        can_realign, realign_s, realign_residual_rad: whether polarisation can be aligned again, the time without key
            that it costs, and what it leaves about each axis of the Poincare sphere.
        switch_s, dwell_s: time without key after a change of protocol, and the least time between two.
        duty: share of the time in which the quantum channel is in use.
        reference_share: for `tf`, share of the pulses that compare phases instead of making key.
        sending_probability: for `tf`, how often either end sends in a signal window (sending or not sending).
        phase_slice: for `tf`, share of the decoy pulses whose phases are close enough to be compared.
        blocks: how sifted bits become key.
        post_processing_bps: sifted bits per second that error correction and privacy amplification can take.
    """

    protocols: Annotated[tuple[ProtocolName, ...], Field(min_length=1)] = ("bb84",)
    pulse_rate_hz: Positive = 1e9
    gate_s: Positive = 1e-9
    detector: DetectorParameters
    receiver_loss_db: NonNegative = 3.0
    intrinsic_error: Annotated[float, Field(ge=0, le=0.5)] = 0.008
    intensity_ratios: tuple[Fraction, Fraction, Fraction] = (1.0, 0.2, 0.0)
    intensity_probabilities: tuple[Fraction, Fraction, Fraction] = (0.7, 0.2, 0.1)
    basis_probabilities: tuple[Fraction, Fraction] = (0.8, 0.2)
    correction: Annotated[float, Field(ge=1, allow_inf_nan=False)] = 1.16
    start_mean_photon_number: Annotated[float, Field(gt=0, le=1)] = 0.3
    cap_mean_photon_number: Annotated[float, Field(gt=0, le=1)] = 0.8
    cap_mean_pairs: Annotated[float, Field(gt=0, le=1)] = 0.15
    qber_limit: Annotated[float, Field(gt=0, le=0.5)] = 0.09
    calibration_uncertainty: Annotated[float, Field(ge=0, lt=1)] = 0.05
    attenuator_step_db: NonNegative = 0.05
    can_realign: bool = True
    realign_s: NonNegative = 20.0
    realign_residual_rad: NonNegative = 0.02
    switch_s: NonNegative = 60.0
    dwell_s: NonNegative = 600.0
    duty: Annotated[float, Field(gt=0, le=1)] = 1.0
    reference_share: Annotated[float, Field(ge=0, lt=1)] = 0.4
    sending_probability: Annotated[float, Field(gt=0, lt=1)] = 0.04
    phase_slice: Annotated[float, Field(gt=0, le=1)] = 0.125
    blocks: KeyBlocks = KeyBlocks()
    post_processing_bps: Positive = 50e6

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if len(set(self.protocols)) != len(self.protocols):
            raise ValueError(f"protocols must differ from each other, got {', '.join(self.protocols)}")
        signal, decoy, vacuum = self.intensity_ratios
        if not (signal == 1 and 0 < decoy < 1 and vacuum == 0):
            raise ValueError(
                f"intensity_ratios must be 1, a weak decoy between 0 and 1, and 0, not {self.intensity_ratios}"
            )
        for name in ("intensity_probabilities", "basis_probabilities"):
            if min(getattr(self, name)) <= 0:
                raise ValueError(f"{name} must all be above 0, not {getattr(self, name)}")
            if abs(sum(getattr(self, name)) - 1) > 1e-9:
                raise ValueError(f"{name} must sum to 1, not to {sum(getattr(self, name)):g}")
        if self.gate_s * self.pulse_rate_hz > 1 + 1e-9:
            raise ValueError(f"gate_s {self.gate_s:g} exceeds the pulse period {1 / self.pulse_rate_hz:g}")
        first = self.protocols[0]
        if self.start_e6() > self.highest_e6(first):
            raise ValueError(
                f"start_mean_photon_number {self.start_mean_photon_number:g} could come out above the cap of {first}, "
                f"{self.cap_e6(first) / _E6:g}: with this calibration_uncertainty and attenuator_step_db at most "
                f"{self.highest_e6(first) / _E6:g} may be commanded"
            )
        return self

    def start_e6(self) -> int:
        """Mean photon number at the start, 1e-6 photons per pulse."""
        return round(self.start_mean_photon_number * _E6)

    def cap_e6(self, protocol: ProtocolName) -> int:
        """The cap under a protocol, rounded down, in the same unit."""
        cap = self.cap_mean_pairs if protocol == "bbm92" else self.cap_mean_photon_number
        # a billionth, since 0.29 times a million is not 290000 to the last bit
        return math.floor(cap * _E6 + 1e-9)

    def highest_e6(self, protocol: ProtocolName) -> int:
        """Highest command that stays within the cap even off by the calibration and a step of the attenuator."""
        brightest = (1 + self.calibration_uncertainty) * 10 ** (self.attenuator_step_db / 10)
        return math.floor(self.cap_e6(protocol) / brightest)
