"""The feature table: what a policy sees of one link, in which unit and on which scale.

Every feature is an integer formula over agreed integers, clipped to its range and divided by a power of two, so that
the network sees |x| <= 8 on a grid of 1/4096. Documentation and file metadata are generated from this table.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from qkdctl.policy.actions import PROTOCOLS
from qkdctl.policy.integers import at_least, clip, log2_256, product_ratio, ratio_ppm
from qkdctl.policy.intensities import step_below
from qkdctl.policy.view import LinkView

SCHEMA_VERSION: Final = 1
GRID_BITS: Final = 12
GRID: Final = 2**GRID_BITS
LARGEST: Final = 8


@dataclass(frozen=True)
class Feature:
    """One column of the observation.

    Attributes:
        name: stable name, part of the file format.
        unit: unit of the formula's value.
        shift: the network sees the value divided by 2**shift.
        low, high: range to which the value is clipped, in its unit.
        formula: the formula in words, over fields of the link's state, of its facts (`facts.`) and the view (`view.`).
        value: the formula itself.
    """

    name: str
    unit: str
    shift: int
    low: int
    high: int
    formula: str
    value: Callable[[LinkView], int]

    def on_grid(self, view: LinkView) -> int:
        """The scaled feature in units of 1/4096, rounded down."""
        value = clip(self.value(view), self.low, self.high)
        distance = GRID_BITS - self.shift
        return value << distance if distance >= 0 else value >> -distance


def _head_room(view: LinkView) -> int:
    return step_below(view.highest_allowed_e6) - step_below(view.state.mean_photon_number_e6)


def _power_excess(view: LinkView) -> int:
    commanded, measured = view.state.mean_photon_number_e6, view.state.measured_mean_photon_number_e6
    known = at_least(commanded, 0) * measured > 0
    return (ratio_ppm(measured, commanded) - 1_000_000) * known


def _key_rate(view: LinkView) -> int:
    scaled: int = product_ratio((view.state.secret_key_bits, 1 << 30), (at_least(view.state.pulses, 1),))
    return log2_256(1 + scaled)


def _key_over_bound(view: LinkView) -> int:
    """The repeaterless bound is 1.4427 times the transmittance for losses of some dB and more."""
    return _key_rate(view) - 30 * 256 + view.state.loss.level * 8_504 // 100_000 - 135


def _harm(view: LinkView, excess_sum: int) -> int:
    """Harm done since the last re-alignment, for each epoch that another one would cost."""
    return excess_sum * view.epoch_ms // at_least(view.state.realign_dead_ms, view.epoch_ms)


def _protocol(name: str) -> Feature:
    def is_active(view: LinkView) -> int:
        return (view.state.protocol == name) * 1

    return Feature(f"protocol_{name}", "0 or 1", 0, 0, 1, f"1 when protocol is {name}", is_active)


_Q = 131_072
_F = Feature
# fmt: off
FEATURES: Final[tuple[Feature, ...]] = (
    _F("power_step", "step", 3, 0, 47, "highest table step at or below mean_photon_number_e6",
       lambda v: step_below(v.state.mean_photon_number_e6)),
    _F("head_room", "step", 3, -48, 47, "steps from mean_photon_number_e6 to view.highest_allowed_e6", _head_room),
    _F("power_excess", "ppm", 17, -_Q * 8, _Q * 8, "measured over commanded mean photon number - 1e6", _power_excess),
    _F("calibration_uncertainty", "ppm", 14, 0, _Q, "facts.calibration_uncertainty_ppm",
       lambda v: v.facts.calibration_uncertainty_ppm),
    _F("pulse_rate", "log2/256", 11, 0, 10_240, "256 log2(facts.pulse_rate_hz)",
       lambda v: log2_256(v.facts.pulse_rate_hz)),
    _F("detector_efficiency", "ppm", 17, 0, 1_000_000, "facts.detector_efficiency_ppm",
       lambda v: v.facts.detector_efficiency_ppm),
    _F("receiver_loss", "mdB", 12, 0, 32_768, "facts.receiver_loss_mdb", lambda v: v.facts.receiver_loss_mdb),
    _F("background_yield", "log2/256", 10, 0, 7_680, "256 log2(1 + facts.background_yield_e9)",
       lambda v: log2_256(1 + v.facts.background_yield_e9)),
    _F("background_qber", "ppm", 14, 0, _Q, "1e6 vacuum_detected pulses / (2 vacuum_sent detected)",
       lambda v: v.background_qber_ppm),
    _F("count_rate", "log2/256", 11, 0, 10_240, "256 log2(1 + 1000 detected / duration_ms)",
       lambda v: log2_256(1 + 1_000 * v.state.detected // at_least(v.state.duration_ms, 1))),
    _F("loss", "mdB", 13, 0, 65_536, "loss.level", lambda v: v.state.loss.level),
    _F("loss_trend", "mdB/epoch", 10, -8_192, 8_192, "loss.trend", lambda v: v.state.loss.trend),
    _F("loss_spread", "mdB", 10, 0, 8_192, "loss.spread", lambda v: v.state.loss.spread),
    _F("qber_z", "ppm", 14, 0, _Q, "qber_z.level", lambda v: v.state.qber_z.level),
    _F("qber_z_average", "ppm", 14, 0, _Q, "qber_z.average", lambda v: v.state.qber_z.average),
    _F("qber_z_trend", "ppm/epoch", 11, -16_384, 16_384, "qber_z.trend", lambda v: v.state.qber_z.trend),
    _F("qber_z_spread", "ppm", 12, 0, 32_768, "qber_z.spread", lambda v: v.state.qber_z.spread),
    _F("qber_z_margin", "ppm", 14, -_Q, _Q, "view.qber_limit_ppm - qber_z.level",
       lambda v: v.qber_limit_ppm - v.state.qber_z.level),
    _F("qber_x", "ppm", 14, 0, _Q, "qber_x.level", lambda v: v.state.qber_x.level),
    _F("qber_x_average", "ppm", 14, 0, _Q, "qber_x.average", lambda v: v.state.qber_x.average),
    _F("qber_x_trend", "ppm/epoch", 11, -16_384, 16_384, "qber_x.trend", lambda v: v.state.qber_x.trend),
    _F("qber_x_spread", "ppm", 12, 0, 32_768, "qber_x.spread", lambda v: v.state.qber_x.spread),
    _F("qber_x_margin", "ppm", 14, -_Q, _Q, "view.qber_limit_ppm - qber_x.level",
       lambda v: v.qber_limit_ppm - v.state.qber_x.level),
    _F("aligned_qber", "ppm", 14, 0, _Q, "facts.aligned_qber_ppm", lambda v: v.facts.aligned_qber_ppm),
    _F("qber_z_rise", "ppm", 14, -_Q, _Q, "qber_z.level - qber_z.floor",
       lambda v: v.state.qber_z.level - v.state.qber_z.floor),
    _F("qber_x_rise", "ppm", 14, -_Q, _Q, "qber_x.level - qber_x.floor",
       lambda v: v.state.qber_x.level - v.state.qber_x.floor),
    _F("harm_z", "ppm epoch/epoch", 16, 0, 524_288,
       "qber_z.excess_sum view.epoch_ms / max(realign_dead_ms, view.epoch_ms)",
       lambda v: _harm(v, v.state.qber_z.excess_sum)),
    _F("harm_x", "ppm epoch/epoch", 16, 0, 524_288,
       "qber_x.excess_sum view.epoch_ms / max(realign_dead_ms, view.epoch_ms)",
       lambda v: _harm(v, v.state.qber_x.excess_sum)),
    _F("sifted_bits", "log2/256", 11, 0, 10_240, "256 log2(1 + sifted_bits)",
       lambda v: log2_256(1 + v.state.sifted_bits)),
    _F("test_bits", "log2/256", 11, 0, 10_240, "256 log2(1 + test_bits)", lambda v: log2_256(1 + v.state.test_bits)),
    _F("key_rate", "log2/256", 10, 0, 7_680, "256 log2(1 + 2^30 secret_key_bits / pulses)", _key_rate),
    _F("key_over_bound", "log2/256", 10, -7_936, 1_024,
       "key_rate - 7680 + 0.08504 loss.level - 135: key rate over the repeaterless bound", _key_over_bound),
    _F("dead_share", "ppm", 17, 0, 1_000_000, "1e6 dead_ms / duration_ms",
       lambda v: ratio_ppm(v.state.dead_ms, v.state.duration_ms)),
    _F("since_power_change", "log2/256", 9, 0, 4_096, "256 log2(1 + epochs_since_power_change)",
       lambda v: log2_256(1 + v.state.epochs_since_power_change)),
    _F("since_realign", "log2/256", 9, 0, 4_096, "256 log2(1 + epochs_since_realign)",
       lambda v: log2_256(1 + v.state.epochs_since_realign)),
    _F("since_protocol_change", "log2/256", 9, 0, 4_096, "256 log2(1 + epochs_since_protocol_change)",
       lambda v: log2_256(1 + v.state.epochs_since_protocol_change)),
    _F("dwell_left", "epoch", 6, 0, 512, "facts.dwell_epochs - epochs_since_protocol_change",
       lambda v: v.facts.dwell_epochs - v.state.epochs_since_protocol_change),
    _F("realign_dead", "epoch/16", 5, 0, 256, "16 realign_dead_ms / view.epoch_ms",
       lambda v: 16 * v.state.realign_dead_ms // v.epoch_ms),
    _F("age", "epoch/16", 7, 0, 1_024, "16 age_ms / view.epoch_ms", lambda v: 16 * v.state.age_ms // v.epoch_ms),
    _F("valid", "0 or 1", 0, 0, 1, "valid", lambda v: v.state.valid),
    _F("invalid_epochs", "log2/256", 9, 0, 4_096, "256 log2(1 + invalid_epochs)",
       lambda v: log2_256(1 + v.state.invalid_epochs)),
    _F("trust_least", "ppm", 17, 0, 1_000_000, "least trust of the link's nodes", lambda v: v.trust_least_ppm),
    _F("trust_mean", "ppm", 17, 0, 1_000_000, "mean trust of the link's nodes",
       lambda v: v.trust_mean_ppm),
    *(_protocol(name) for name in PROTOCOLS),
)
# fmt: on
