"""What a simulated link is made of: every number of the optical world, with its unit."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NonNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Fraction = Annotated[float, Field(ge=0, le=1)]
Millivolts = Annotated[int, Field(ge=-5000, le=5000)]


class Parameters(BaseModel):
    """A frozen group of numbers; an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class SnspdBias(Parameters):
    """How a superconducting nanowire depends on its bias current.

    Attributes:
        operating_ua: bias at power-on, inside the efficiency plateau.
        switching_ua: at and above this bias the wire turns resistive and latches; it counts nothing until reset.
        retrapping_ua: a latched wire recovers below this bias.
        half_efficiency_ua, efficiency_width_ua: centre and width of the sigmoid of the internal efficiency.
        switching_dark_rate_hz, dark_scale_ua: dark counts at the switching current, and the bias step over which they
            fall by e.
    """

    operating_ua: Positive = 17.0
    switching_ua: Positive = 20.0
    retrapping_ua: Positive = 4.0
    half_efficiency_ua: Positive = 12.0
    efficiency_width_ua: Positive = 1.0
    switching_dark_rate_hz: NonNegative = 1e5
    dark_scale_ua: Positive = 0.3

    @model_validator(mode="after")
    def _operates_below_switching(self) -> Self:
        if self.operating_ua >= self.switching_ua:
            raise ValueError("operating_ua must lie below switching_ua, or the detector starts latched")
        return self


class DetectorParameters(Parameters):
    """One single-photon detector.

    Attributes:
        kind: `snspd` depends on its bias current, `spad` does not.
        efficiency: click probability for one photon at the detector's fibre (plateau value).
        dark_count_rate_hz: dark counts while the detector is able to click (for `snspd` the part that does not
            depend on the bias, that is stray light).
        dead_time_s: time without clicks after a click, non-paralysable.
        afterpulse_probability: afterpulses per click.
        gated: whether the detector can click only inside the gates; a free-running one counts all the time.
        bias: for `snspd` only.
    """

    kind: Literal["snspd", "spad"]
    efficiency: Fraction
    dark_count_rate_hz: NonNegative
    dead_time_s: NonNegative
    afterpulse_probability: Annotated[float, Field(ge=0, lt=1)] = 0.0
    gated: bool = False
    bias: SnspdBias | None = None

    @model_validator(mode="after")
    def _bias_belongs_to_snspd(self) -> Self:
        if (self.kind == "snspd") != (self.bias is not None):
            raise ValueError(f"bias must be given for kind 'snspd' and for no other, not for {self.kind!r}")
        return self


class LossDrift(Parameters):
    """Excess loss of the fibre over its nominal value: a slow wander, a ramp and a day cycle, all in dB.

    Attributes:
        wander_db, wander_time_s: stationary standard deviation and time constant of an Ornstein-Uhlenbeck process that
            starts at zero.
        ramp_db_per_hour: steady growth.
        day_amplitude_db: sine of 24 h period, zero at the start.
    """

    wander_db: NonNegative = 0.0
    wander_time_s: Positive = 600.0
    ramp_db_per_hour: float = 0.0
    day_amplitude_db: NonNegative = 0.0


class Polarization(Parameters):
    """Polarisation of the fibre and the four-plate controller in front of the receiver.

    Attributes:
        walk_rad_per_sqrt_s: random walk of the fibre's rotation of the Poincare sphere: standard deviation about
            each of three axes after one second.
        half_wave_mv: voltage that makes a plate a half-wave plate.
        start_mv: voltages stored in the controller; with them the link starts aligned.
    """

    walk_rad_per_sqrt_s: NonNegative = 0.0
    half_wave_mv: Positive = 2500.0
    start_mv: tuple[Millivolts, Millivolts, Millivolts, Millivolts] = (600, 1250, -600, 400)


class LinkParameters(Parameters):
    """One quantum channel from laser to detectors.

    Attributes:
        wavelength_nm, pulse_rate_hz: of the pulse train.
        fixed_loss_db: from the laser's output to the fibre input (modulators, tap, fixed attenuators), without the
            variable attenuator.
        tap_fraction: share of the laser power that the power meter sees.
        fibre_length_km, fibre_loss_db_per_km: nominal fibre.
        receiver_loss_db: from the fibre's end to the detectors.
        intrinsic_error: error probability of a perfectly aligned link.
        gate_s: time window around each pulse in which a click is attributed to it.
        drift_step_s: grid of the drift processes.
        detectors: the detectors of bit 0 and of bit 1, channels 0 and 1.
    """

    wavelength_nm: Annotated[float, Field(ge=600, le=1700)] = 1550.0
    pulse_rate_hz: Positive
    fixed_loss_db: NonNegative
    tap_fraction: Fraction
    fibre_length_km: NonNegative
    fibre_loss_db_per_km: NonNegative = 0.2
    receiver_loss_db: NonNegative = 0.0
    intrinsic_error: Annotated[float, Field(ge=0, le=0.5)]
    gate_s: Positive
    drift_step_s: Positive = 0.05
    loss_drift: LossDrift = LossDrift()
    polarization: Polarization = Polarization()
    detectors: tuple[DetectorParameters, DetectorParameters]

    @model_validator(mode="after")
    def _gates_do_not_overlap(self) -> Self:
        if self.gate_s * self.pulse_rate_hz > 1 + 1e-9:
            raise ValueError(
                f"gate_s {self.gate_s:g} exceeds the pulse period {1 / self.pulse_rate_hz:g}: gates would overlap"
            )
        return self
