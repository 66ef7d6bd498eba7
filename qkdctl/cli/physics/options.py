"""Options that the verbs of the group share."""

from enum import Enum
from typing import Annotated, TypeAlias

import typer

DetectorOption: TypeAlias = Annotated[
    str, typer.Option("--detector", metavar="NAME", help="Set of hardware figures; see 'qkdctl physics list'.")
]
AttenuationOption: TypeAlias = Annotated[
    float, typer.Option("--attenuation", metavar="DB/KM", help="Loss of the fibre per km.")
]
ClockOption: TypeAlias = Annotated[
    float, typer.Option("--clock-hz", metavar="HZ", help="Pulses per second; 1e9 by default.", show_default=False)
]

EfficiencyOption: TypeAlias = Annotated[
    float | None,
    typer.Option("--efficiency", metavar="ETA", help="From fibre end to click, receiver included."),
]
DarkOption: TypeAlias = Annotated[
    float | None, typer.Option("--dark-probability", metavar="P", help="Dark counts of one detector per slot.")
]
MisalignmentOption: TypeAlias = Annotated[
    float | None, typer.Option("--misalignment", metavar="P", help="Error probability of a photon that arrives.")
]
CorrectionOption: TypeAlias = Annotated[
    float | None, typer.Option("--correction", metavar="F", help="Inefficiency f of error correction, 1 being ideal.")
]
SiftOption: TypeAlias = Annotated[
    float | None, typer.Option("--sift", metavar="SHARE", help="Share of slots that survive sifting.")
]
InterferenceOption: TypeAlias = Annotated[
    float | None,
    typer.Option("--interference-error", metavar="P", help="Error of two lasers interfering midway (tf, sns)."),
]
DutyOption: TypeAlias = Annotated[
    float | None,
    typer.Option(
        "--phase-reference-duty", metavar="SHARE", help="Share of slots not spent on phase references (tf, sns)."
    ),
]


class BlockUnit(Enum):
    """What fills a block."""

    KEY_CLICKS = "key-clicks"
    PULSES = "pulses"


class Figure(Enum):
    """Figures that can be drawn."""

    RATES = "rates"
    QBER = "qber"
    MEAN_PHOTON_NUMBER = "mean-photon-number"
    FINITE_KEY = "finite-key"
    SATURATION = "saturation"


class Format(Enum):
    """Formats that figures can have."""

    PNG = "png"
    SVG = "svg"
    PDF = "pdf"
