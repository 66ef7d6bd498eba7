"""What the terminals of a link are made of, and sets of figures that the literature calculates with."""

from dataclasses import dataclass

from qkdctl.physics.ranges import ERROR_PROBABILITY, POSITIVE_PROBABILITY, Range, require


@dataclass(frozen=True, slots=True)
class Hardware:
    """Sources, receivers and post-processing of one kind, wherever a protocol places them.

    Attributes:
        efficiency: from the end of the fibre to a click, receiver optics included, in (0, 1].
        dark_probability: p_d, dark counts of one detector per slot, in [0, 1).
        misalignment: e_d, error probability of a photon, or of a pair, that arrives, in [0, 1/2].
        correction: inefficiency f >= 1 of error correction.
        sift: share of slots that survive sifting, in (0, 1].
        interference_error: error probability of two lasers of their own that interfere at a relay, in [0, 1/2].
        phase_reference_duty: share of slots that twin-field protocols have left beside phase references, in (0, 1].

    Raises:
        ValueError: for a figure outside its range.
    """

    efficiency: float
    dark_probability: float
    misalignment: float
    correction: float = 1.16
    sift: float = 1.0
    interference_error: float = 0.02
    phase_reference_duty: float = 1.0

    def __post_init__(self) -> None:
        require(self, _RANGES)


_RANGES = {
    "efficiency": POSITIVE_PROBABILITY,
    "dark_probability": Range(0.0, 1.0, below=True),
    "misalignment": ERROR_PROBABILITY,
    "correction": Range(1.0),
    "sift": POSITIVE_PROBABILITY,
    "interference_error": ERROR_PROBABILITY,
    "phase_reference_duty": POSITIVE_PROBABILITY,
}

PRESETS = {
    # round figures of a class, not of one device: Hadfield, Nat. Photonics 3, 696 (2009), at gates of 1 ns
    "snspd-a": Hardware(efficiency=0.65, dark_probability=1e-7, misalignment=0.005),
    "snspd-b": Hardware(efficiency=0.7, dark_probability=1e-9, misalignment=0.01),
    # the same for gated avalanche diodes: Zhang, Itzler, Zbinden, Pan, Light Sci. Appl. 4, e286 (2015)
    "ingaas": Hardware(efficiency=0.2, dark_probability=1e-6, misalignment=0.01),
    # Gobby, Yuan, Shields, Appl. Phys. Lett. 84, 3762 (2004), as used by Ma, Qi, Zhao, Lo, PRA 72, 012326 (2005)
    "gobby-yuan-shields": Hardware(
        efficiency=0.045, dark_probability=8.5e-7, misalignment=0.033, correction=1.22, sift=0.5
    ),
    # Lo, Curty, Qi, Phys. Rev. Lett. 108, 130503 (2012), after Ursin et al., Nat. Phys. 3, 481 (2007)
    "lo-curty-qi": Hardware(efficiency=0.145, dark_probability=3.01e-6, misalignment=0.015),
    # Ma, Fung, Lo, Phys. Rev. A 76, 012307 (2007), after the same experiment
    "ma-fung-lo": Hardware(efficiency=0.145, dark_probability=3.01e-6, misalignment=0.015, correction=1.22, sift=0.5),
    # Wang, Yu, Hu, Phys. Rev. A 98, 062323 (2018), who name no misalignment but that of the interference
    "wang-yu-hu": Hardware(
        efficiency=0.8, dark_probability=1e-11, misalignment=0.015, correction=1.1, interference_error=0.05
    ),
}
"""Sets of figures by name."""
