"""qkdctl physics curves."""

from pathlib import Path
from typing import Annotated

import typer

from qkdctl.cli.options import JsonOption
from qkdctl.cli.output import print_document, say
from qkdctl.cli.physics.arguments import setup_of, within
from qkdctl.cli.physics.figure_files import drawing_module, places, write
from qkdctl.cli.physics.options import (
    AttenuationOption,
    ClockOption,
    CorrectionOption,
    DarkOption,
    DetectorOption,
    DutyOption,
    EfficiencyOption,
    Figure,
    Format,
    InterferenceOption,
    MisalignmentOption,
    SiftOption,
)


def curves(
    figure: Annotated[
        list[Figure] | None, typer.Option("--figure", help="Only this one; may be repeated. All by default.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="PATH", help="Folder, or a file for one figure. This folder by default."),
    ] = None,
    file_format: Annotated[
        Format | None, typer.Option("--format", help="Of the files in a folder; png by default.")
    ] = None,
    attenuation: AttenuationOption = 0.2,
    detector: DetectorOption = "snspd-a",
    clock_hz: ClockOption = 1e9,
    dead_time_ns: Annotated[
        float, typer.Option("--dead-time-ns", metavar="NS", help="Of each detector, for the figure 'saturation'.")
    ] = 50.0,
    efficiency: EfficiencyOption = None,
    dark_probability: DarkOption = None,
    misalignment: MisalignmentOption = None,
    correction: CorrectionOption = None,
    sift: SiftOption = None,
    interference_error: InterferenceOption = None,
    phase_reference_duty: DutyOption = None,
    as_json: JsonOption = False,
) -> None:
    """Draw key rates, error rates and best light against loss.

    Further figures show finite keys of BB84, and detectors that saturate. Drawing needs matplotlib, from the extra
    'sim'. With --json the numbers behind the figures are printed, with crossovers and reaches; files are then written
    only where --out says.

    For example:

      qkdctl physics curves --out figures --detector snspd-b --format pdf

      qkdctl physics curves --figure rates --out rates.png

      qkdctl physics curves --figure rates --json | jq .against_loss.crossovers
    """
    setup = setup_of(
        detector, efficiency=efficiency, dark_probability=dark_probability, misalignment=misalignment,
        correction=correction, sift=sift, interference_error=interference_error,
        phase_reference_duty=phase_reference_duty,
    )  # fmt: skip
    within("--attenuation", attenuation, 0.0, 10.0, "dB/km", open_below=True)
    within("--clock-hz", clock_hz, 0.0, 1e12, "Hz", open_below=True)
    within("--dead-time-ns", dead_time_ns, 0.0, 1e9, "ns")
    from qkdctl.physics_view.numbers import Request, calculate  # noqa: PLC0415 - brings numpy along

    chosen = tuple(dict.fromkeys(figure or Figure))
    draws = out is not None or not as_json
    files = places(chosen, out or Path(), file_format) if draws else {}
    if draws:
        drawing_module()  # before anything is calculated
    numbers = calculate(Request([it.value for it in chosen], setup, attenuation, clock_hz, dead_time_ns * 1e-9))
    write(numbers, files)
    names = {drawn.value: str(path) for drawn, path in files.items()}
    if as_json:
        print_document(files=names, **numbers.to_plain())
    else:
        say("\n".join(names.values()))
