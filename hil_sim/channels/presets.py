"""Typical links, as processes of one link; `ChannelProcesses.of` makes a network of them.

Sources of the numbers:

- polarisation that stays for hours in buried fibre and for milliseconds in aerial fibre: Ding et al., Opt. Express 25,
  27923 (2017);
- bursts of the QBER: see the module bursts;
- Raman noise: see the module raman;
- coherence of turbulent air of 1 to 10 ms: Andrews and Phillips, Laser Beam Propagation through Random Media, 2nd ed.
  (2005).

Wander, day cycle and ramp of the loss, drift of the source, ageing of the detectors, the residual that a polarisation
tracker leaves and the pace of the two that are made to be watched are assumptions, of the size that operators report.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from hil_sim.channels.brownian_rotation import BrownianRotation
from hil_sim.channels.bursts import Bursts
from hil_sim.channels.coexistence import ClassicalLight
from hil_sim.channels.detector_ageing import DetectorAgeing
from hil_sim.channels.epoch_fading import EpochFading
from hil_sim.channels.fibre_loss import FibreLossDrift
from hil_sim.channels.link_channel import ChannelProcesses
from hil_sim.channels.misalignment import Misalignment
from hil_sim.channels.phase_noise import PhaseNoise
from hil_sim.channels.raman import forward_raman_w, photons_per_gate, power_w
from hil_sim.channels.source_drift import SourceDrift

_SOURCE = SourceDrift(drift=0.02, drift_time_s=4 * 3600.0, white=0.002)
_AGEING = DetectorAgeing(
    efficiency_decay_per_year=0.02,
    dark_growth_per_year=0.10,
    steps_per_year=0.5,
    efficiency_step=0.02,
    dark_step=0.3,
)
_PHASE = PhaseNoise(
    diffusion_rad2_per_s=200.0,
    reference_interval_s=5e-4,
    reference_error_rad=0.1,
    modulation=0.3,
    modulation_time_s=600.0,
)

STILL: Final = ChannelProcesses()
"""Nothing changes: what fluctuation costs is seen against it."""

BURIED_METRO: Final = ChannelProcesses(
    loss=FibreLossDrift(wander_db=0.2, wander_time_s=7200.0, ramp_db_per_hour=0.001, day_amplitude_db=0.3),
    rotation=BrownianRotation(0.003),
    bursts=Bursts(strength=1.0, point_s=1.0),
    source=_SOURCE,
    phase=_PHASE,
    ageing=_AGEING,
)
"""Fibre in a duct: its polarisation needs a new alignment every few hours."""

AERIAL: Final = ChannelProcesses(
    loss=FibreLossDrift(wander_db=0.3, wander_time_s=600.0, day_amplitude_db=0.5),
    misalignment=Misalignment(deviation_rad=0.12, time_s=120.0),
    bursts=Bursts(strength=1.0, point_s=1.0),
    source=_SOURCE,
    phase=replace(_PHASE, diffusion_rad2_per_s=600.0, modulation=0.6),
    ageing=_AGEING,
)
"""Fibre on poles, its polarisation held by a tracker: mean error .7 % by what the tracker leaves."""

DEMONSTRATION: Final = ChannelProcesses(
    loss=FibreLossDrift(wander_db=0.5, wander_time_s=20.0, ramp_db_per_hour=10.0),
    rotation=BrownianRotation(0.05),
)
"""Everything happens within a minute."""

ACCELERATED: Final = ChannelProcesses(
    loss=FibreLossDrift(wander_db=0.2, wander_time_s=60.0),
    rotation=BrownianRotation(0.012),
)
"""Fibre in a duct that drifts fast enough to watch: its polarisation needs a new alignment every few minutes."""

FREE_SPACE: Final = ChannelProcesses(
    loss=FibreLossDrift(wander_db=1.0, wander_time_s=900.0, day_amplitude_db=1.0),
    fading=EpochFading(rytov_variance=0.2, coherence_time_s=5e-3),
    misalignment=Misalignment(deviation_rad=0.05, time_s=300.0),
    source=_SOURCE,
    ageing=_AGEING,
)
"""Telescope to telescope through a few kilometres of air: haze wanders slowly, turbulence averages out in a step."""

COEXISTENCE: Final = replace(
    BURIED_METRO,
    classical=ClassicalLight(
        photons_per_gate=photons_per_gate(
            forward_raman_w(power_w(-15.0), 25.0, quantum_db_per_km=0.2, classical_db_per_km=0.2, bandwidth_nm=0.2),
            wavelength_nm=1550.0,
            gate_s=1e-9,
        ),
        lit_share=0.5,
        switching_time_s=1800.0,
    ),
)
"""Buried fibre of 25 km shared with one classical channel of -15 dBm, as weak as its receiver allows."""

PRESETS: Final[Mapping[str, ChannelProcesses]] = {
    "still": STILL,
    "buried-metro": BURIED_METRO,
    "aerial": AERIAL,
    "demonstration": DEMONSTRATION,
    "accelerated": ACCELERATED,
    "free-space": FREE_SPACE,
    "coexistence": COEXISTENCE,
}
"""The presets by the names that scenarios use."""
