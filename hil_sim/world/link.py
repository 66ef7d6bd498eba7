"""One optical link that couples the instruments of its two ends."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from hil_sim.world.counts import PulseCounts
from hil_sim.world.detector import DetectorChannel
from hil_sim.world.drift import ExcessLoss
from hil_sim.world.parameters import LinkParameters
from hil_sim.world.polarization import RotationWalk, basis_errors, controller_rotation
from hil_sim.world.receiver import Receiver, outcome_probabilities
from hil_sim.world.settings import LinkSettings, Voltages
from hil_sim.world.streams import random_stream
from qkdctl.clock import Clock
from qkdctl.physics.photons import mean_photon_number, transmittance

Trace = Callable[[str, float | bool], None]


class OpticalLink:
    """Laser, attenuator, fibre, polarisation controller and two detectors that share one physical state.

    The link starts dark (laser power 0) with the shutter open, no attenuation, the switch connected, the stored
    voltages in the polarisation controller, and both detectors enabled, nanowires at their operating bias. Channels
    count from 0. Drift depends on the seed, the name of the link and the time since it was made, on nothing that is
    set or measured.

    Attributes:
        detectors: for reading; they are set through the link.
        on_change: called with a name and the new value after each change of a setting, and then with
            `mean_photon_number` if that has changed too. Names: laser_power_w, attenuation_db, shutter_open,
            switch_connected, modulation_ratio, polarization_voltage_<1..4>_mv, detector_<channel>_enabled,
            detector_<channel>_bias_ua.
        before_change: called before a setting changes, so that a counter can settle what happened under the old one.
    """

    def __init__(self, name: str, parameters: LinkParameters, seed: int, clock: Clock) -> None:
        self.name = name
        self.parameters = parameters
        self.clock = clock
        self.on_change: Trace | None = None
        self.before_change: list[Callable[[], None]] = []
        self._started_s = clock.monotonic()
        self._counting = random_stream(seed, name, "counting")
        step_s = parameters.drift_step_s
        self._excess_loss = ExcessLoss(seed, (name, "loss"), step_s, parameters.loss_drift)
        polarization = parameters.polarization
        self._fibre_walk = RotationWalk(seed, (name, "polarization"), step_s, polarization.walk_rad_per_sqrt_s)
        self._fibre_start = controller_rotation(polarization.start_mv, polarization.half_wave_mv).T
        self.detectors = tuple(DetectorChannel(p) for p in parameters.detectors)
        self._settings = LinkSettings(polarization.start_mv)

    @property
    def settings(self) -> LinkSettings:
        """What the instruments have set."""
        return self._settings

    def set_laser_power_w(self, power_w: float) -> None:
        """Set the average power leaving the laser, 0 when it is off."""
        _require(0 <= power_w < math.inf, "laser power must be 0 W or more", power_w)
        self._change(laser_power_w=power_w)

    def set_attenuation_db(self, attenuation_db: float) -> None:
        """Set the variable attenuator, its insertion loss not included."""
        _require(0 <= attenuation_db < math.inf, "attenuation must be 0 dB or more", attenuation_db)
        self._change(attenuation_db=attenuation_db)

    def set_shutter_open(self, is_open: bool) -> None:
        """Open or close the shutter before the fibre."""
        self._change(shutter_open=is_open)

    def set_switch_connected(self, connected: bool) -> None:
        """Join the fibre to the receiver, or leave it dark."""
        self._change(switch_connected=connected)

    def set_modulation_ratio(self, ratio: float) -> None:
        """Set the mean intensity of the pulses relative to a signal pulse: 1 while no decoys are modulated."""
        _require(0 <= ratio <= 1, "modulation ratio must lie in [0, 1]", ratio)
        self._change(modulation_ratio=ratio)

    def set_polarization_voltages_mv(self, voltages_mv: Voltages) -> None:
        """Set the four plates of the polarisation controller."""
        _require(len(voltages_mv) == 4, "the controller has four plates", voltages_mv)
        _require(all(abs(v) <= 5000 for v in voltages_mv), "plate voltages must lie in -5000..5000 mV", voltages_mv)
        self._change(polarization_voltages_mv=tuple(voltages_mv))

    def set_detector_bias_ua(self, channel: int, bias_ua: float, enabled: bool) -> None:
        """Set the bias of a nanowire and switch it on or off.

        Raises:
            ValueError: for a detector without a bias current, a channel that does not exist or a negative bias.
        """
        detector = self._detector(channel)
        if bias_ua != detector.bias_ua:
            self._settle()
            detector.set_bias_ua(bias_ua)
            self._trace(f"detector_{channel}_bias_ua", bias_ua)
        self.set_detector_enabled(channel, enabled)

    def set_detector_enabled(self, channel: int, enabled: bool) -> None:
        """Switch a detector on or off."""
        detector = self._detector(channel)
        if enabled != detector.enabled:
            self._settle()
            detector.set_enabled(enabled)
            self._trace(f"detector_{channel}_enabled", enabled)

    def tap_power_w(self) -> float:
        """Power at the meter before the attenuator."""
        return self._settings.laser_power_w * self.parameters.tap_fraction

    def mean_photon_number(self) -> float:
        """True mean photon number at the fibre input of a signal pulse, as if every pulse were one."""
        now, fixed = self._settings, self.parameters
        if not now.shutter_open:
            return 0.0
        launched_w = now.laser_power_w * transmittance(fixed.fixed_loss_db + now.attenuation_db)
        return float(mean_photon_number(launched_w, fixed.wavelength_nm, fixed.pulse_rate_hz))

    def channel_loss_db(self, time_s: float | None = None) -> float:
        """Loss from the fibre input to its end: nominal plus drift; infinite while the switch is open.

        Args:
            time_s: reading of the clock's monotonic time, not in the future; now by default.
        """
        if not self._settings.switch_connected:
            return math.inf
        nominal_db = self.parameters.fibre_length_km * self.parameters.fibre_loss_db_per_km
        return max(nominal_db + self._excess_loss.at(self._elapsed(time_s)), 0.0)

    def misalignment_errors(self, time_s: float | None = None) -> tuple[float, float]:
        """Error probability of a photon in basis Z and in basis X: intrinsic error and polarisation together."""
        half_wave_mv = self.parameters.polarization.half_wave_mv
        controller = controller_rotation(self._settings.polarization_voltages_mv, half_wave_mv)
        z, x = basis_errors(controller @ self._fibre_walk.at(self._elapsed(time_s)) @ self._fibre_start)
        intrinsic = self.parameters.intrinsic_error
        return intrinsic + (1 - 2 * intrinsic) * z, intrinsic + (1 - 2 * intrinsic) * x

    def misalignment_error(self) -> float:
        """Mean of the error probabilities of both bases."""
        return sum(self.misalignment_errors()) / 2

    def misalignment_angle_rad(self) -> float:
        """Angle whose squared sine is the mean error that polarisation alone makes in both bases."""
        intrinsic = self.parameters.intrinsic_error
        share = (self.misalignment_error() - intrinsic) / (1 - 2 * intrinsic) if intrinsic < 0.5 else 0.0
        return math.asin(math.sqrt(min(max(share, 0.0), 1.0)))

    def count_rate_hz(self, channel: int) -> float:
        """Expected counts per second of a detector: light, dark counts, afterpulses, less what its dead time loses."""
        self._detector(channel)
        arriving = self._arriving(None) * self._settings.modulation_ratio
        return float(self._receiver().count_rate_hz(arriving)[channel])

    def draw_counts(self, channel: int, integration_s: float) -> int:
        """Counts of a detector in a time window, drawn around the present rate.

        Without dead time they are Poissonian; with it they are binomial over the dead times that fit into the
        window, so that they scatter less near saturation and never exceed the ceiling.
        """
        _require(integration_s > 0, "integration time must be positive", integration_s)
        expected = self.count_rate_hz(channel) * integration_s
        dead_time_s = self.parameters.detectors[channel].dead_time_s
        if dead_time_s == 0:
            return int(self._counting.poisson(expected))
        slots = math.ceil(integration_s / dead_time_s)
        return int(self._counting.binomial(slots, min(expected / slots, 1.0)))

    def detect(
        self,
        pulses: int,
        intensity_ratios: Sequence[float],
        intensity_probabilities: Sequence[float],
        basis_probabilities: Sequence[float],
        *,
        matched: bool = False,
        time_s: float | None = None,
    ) -> PulseCounts:
        """Send pulses through the link as it is and count.

        Args:
            pulses: number of pulses.
            intensity_ratios: intensity of each kind of pulse relative to the signal.
            intensity_probabilities: how often each kind is sent; they sum to 1.
            basis_probabilities: how often an end chooses Z and X; they sum to 1.
            matched: both ends follow one list of bases, as in alignment, instead of choosing independently.
            time_s: reading of the clock's monotonic time for which drift is taken; now by default.
        """
        _require(pulses >= 0, "pulses must be 0 or more", pulses)
        for_intensities, for_bases = np.array(intensity_probabilities), np.array(basis_probabilities)
        agree = for_bases if matched else for_bases**2
        cells = np.outer(agree, for_intensities)
        rest = max(1 - cells.sum(), 0.0)
        sent = self._counting.multinomial(pulses, [*cells.ravel(), rest])[:-1].reshape(cells.shape)
        right, wrong = outcome_probabilities(
            self._receiver(),
            arriving=self._arriving(time_s) * np.array(intensity_ratios),
            intensity_probabilities=for_intensities,
            basis_errors=np.array(self.misalignment_errors(time_s)),
            basis_probabilities=for_bases,
            matched=matched,
        )
        correct = self._counting.binomial(sent, right)
        errors = self._counting.binomial(sent - correct, np.minimum(wrong / (1 - right), 1.0))
        return PulseCounts(pulses, sent, correct + errors, errors)

    def _arriving(self, time_s: float | None) -> float:
        loss_db = self.channel_loss_db(time_s) + self.parameters.receiver_loss_db
        return self.mean_photon_number() * float(transmittance(loss_db))

    def _receiver(self) -> Receiver:
        return Receiver.of(self.detectors, self.parameters.gate_s, self.parameters.pulse_rate_hz)

    def _detector(self, channel: int) -> DetectorChannel:
        _require(0 <= channel < len(self.detectors), f"link {self.name} has detector channels 0 and 1", channel)
        return self.detectors[channel]

    def _elapsed(self, time_s: float | None) -> float:
        return (self.clock.monotonic() if time_s is None else time_s) - self._started_s

    def _change(self, **new: Any) -> None:
        old, launched = self._settings, self.mean_photon_number()
        if replace(old, **new) == old:
            return
        self._settle()
        self._settings = replace(old, **new)
        for name, value in new.items():
            if name == "polarization_voltages_mv":
                for plate, (before, after) in enumerate(zip(old.polarization_voltages_mv, value, strict=True), start=1):
                    if after != before:
                        self._trace(f"polarization_voltage_{plate}_mv", after)
            else:
                self._trace(name, value)
        if self.mean_photon_number() != launched:
            self._trace("mean_photon_number", self.mean_photon_number())

    def _settle(self) -> None:
        for settle in self.before_change:
            settle()

    def _trace(self, name: str, value: float | bool) -> None:
        if self.on_change is not None:
            self.on_change(name, value)


def _require(holds: bool, expected: str, got: object) -> None:
    if not holds:
        raise ValueError(f"{expected}, got {got!r}")
