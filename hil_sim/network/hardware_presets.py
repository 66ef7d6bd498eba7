"""Typical sets of hardware by name.

Sources of the numbers:

- `snspd`: superconducting nanowires at a clock of 1 GHz, efficiency 0.65 and 100 dark counts per second as in the
  presets of single links, after Boaron et al., Phys. Rev. Lett. 121, 190502 (2018);
- `ingaas`: room-temperature avalanche diodes gated at 1 GHz, efficiency 0.2, 2.1e-5 dark counts and 5.25 %
  afterpulses per gate, 50 ns dead time: Lucamarini et al., Opt. Express 21, 24550 (2013);
- `ingaas-slow`: gated at 20 MHz with a hold-off of 2 us, within the ranges of Zhang, Itzler, Zbinden and Pan, Light
  Sci. Appl. 4, e286 (2015);
- `relay`: nanowires of 0.8 efficiency at a middle station for interference of two senders, and phases that a share of
  the pulses compares: Chen et al., Nat. Photonics 15, 570 (2021);
- `entangled`: pairs at 1 GHz, nanowires at both ends: Neumann et al., Nat. Commun. 13, 6134 (2022), scaled in clock;
- `free-space`: silicon avalanche diodes at 100 MHz: Avesani et al., npj Quantum Inf. 7, 93 (2021).

Times for alignment and switching, losses of receivers, sizes of blocks and choices of bases and intensities are
assumptions of this simulation: a finite-size proof needs millions of bits before it grants any. The rate of
post-processing, 50 Mbit/s of sifted key where nothing else is said, is of the order that links of some 10 Mbit/s of
secret key have in real time (Yuan et al., J. Lightwave Technol. 36, 3427 (2018)).
"""

from typing import Final

from hil_sim.network.hardware import KeyBlocks, LinkHardware
from hil_sim.world.parameters import DetectorParameters, SnspdBias

_NANOWIRE: Final = DetectorParameters(
    kind="snspd", efficiency=0.65, dark_count_rate_hz=100, dead_time_s=30e-9, bias=SnspdBias()
)
_GOOD_NANOWIRE: Final = _NANOWIRE.model_copy(update={"efficiency": 0.8, "dark_count_rate_hz": 20.0})
_GATED_GHZ: Final = DetectorParameters(
    kind="spad",
    efficiency=0.2,
    dark_count_rate_hz=21_000,
    dead_time_s=50e-9,
    afterpulse_probability=0.0525,
    gated=True,
)
_GATED_SLOW: Final = DetectorParameters(
    kind="spad", efficiency=0.2, dark_count_rate_hz=1000, dead_time_s=2e-6, afterpulse_probability=0.005, gated=True
)
_SILICON: Final = DetectorParameters(
    kind="spad", efficiency=0.25, dark_count_rate_hz=500, dead_time_s=30e-9, afterpulse_probability=0.01
)

HARDWARE: Final[dict[str, LinkHardware]] = {
    "snspd": LinkHardware(detector=_NANOWIRE),
    "snspd-multi": LinkHardware(protocols=("bb84", "mdi", "tf", "bbm92"), detector=_NANOWIRE),
    "ingaas": LinkHardware(
        detector=_GATED_GHZ,
        gate_s=1e-9,
        receiver_loss_db=2.0,
        intrinsic_error=0.01,
        intensity_ratios=(1.0, 0.25, 0.0),
        blocks=KeyBlocks(sifted_bits=50_000_000),
    ),
    "ingaas-slow": LinkHardware(
        detector=_GATED_SLOW,
        pulse_rate_hz=20e6,
        intrinsic_error=0.006,
        blocks=KeyBlocks(sifted_bits=5_000_000),
        post_processing_bps=2e6,
    ),
    "relay": LinkHardware(
        protocols=("mdi", "tf"),
        detector=_GOOD_NANOWIRE,
        receiver_loss_db=1.5,
        intrinsic_error=0.015,
        basis_probabilities=(0.7, 0.3),
        blocks=KeyBlocks(security="asymptotic", sifted_bits=200_000),
    ),
    "entangled": LinkHardware(
        protocols=("bbm92",),
        detector=_NANOWIRE,
        intrinsic_error=0.01,
        basis_probabilities=(0.5, 0.5),
        start_mean_photon_number=0.05,
        blocks=KeyBlocks(security="asymptotic", sifted_bits=200_000),
    ),
    "free-space": LinkHardware(
        detector=_SILICON,
        pulse_rate_hz=1e8,
        receiver_loss_db=4.0,
        intrinsic_error=0.01,
        blocks=KeyBlocks(sifted_bits=5_000_000),
    ),
}
"""Hardware by the names that scenarios use."""
