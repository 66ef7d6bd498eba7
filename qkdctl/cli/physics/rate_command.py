"""qkdctl physics rate."""

from typing import Annotated, Literal

import typer

from qkdctl.cli.errors import CliError
from qkdctl.cli.options import JsonOption
from qkdctl.cli.output import Painter, print_document, say
from qkdctl.cli.physics.arguments import loss_of, protocols_of, setup_of, within
from qkdctl.cli.physics.options import (
    AttenuationOption,
    BlockUnit,
    ClockOption,
    CorrectionOption,
    DarkOption,
    DetectorOption,
    DutyOption,
    EfficiencyOption,
    InterferenceOption,
    MisalignmentOption,
    SiftOption,
)
from qkdctl.cli.physics.text import answer_text
from qkdctl.exit_codes import USAGE


def rate(
    protocol: Annotated[
        list[str] | None, typer.Option("--protocol", metavar="NAME", help="May be repeated; all by default.")
    ] = None,
    loss: Annotated[float | None, typer.Option("--loss", metavar="DB", help="Fibre loss from end to end.")] = None,
    distance_km: Annotated[
        float | None, typer.Option("--distance-km", metavar="KM", help="Fibre length, instead of --loss.")
    ] = None,
    attenuation: AttenuationOption = 0.2,
    detector: DetectorOption = "snspd-a",
    mean_photon_number: Annotated[
        float | None, typer.Option("--mean-photon-number", metavar="MU", help="In (0, 1]; the best by default.")
    ] = None,
    clock_hz: ClockOption = 1e9,
    block: Annotated[
        float | None, typer.Option("--block", metavar="N", help="Also the finite key of bb84, in blocks of N.")
    ] = None,
    block_unit: Annotated[BlockUnit, typer.Option("--block-unit", help="What fills a block.")] = BlockUnit.KEY_CLICKS,
    secrecy: Annotated[float, typer.Option("--secrecy", metavar="EPS", help="eps_sec of a finite block.")] = 1e-9,
    correctness: Annotated[
        float, typer.Option("--correctness", metavar="EPS", help="eps_cor of a finite block.")
    ] = 1e-15,
    efficiency: EfficiencyOption = None,
    dark_probability: DarkOption = None,
    misalignment: MisalignmentOption = None,
    correction: CorrectionOption = None,
    sift: SiftOption = None,
    interference_error: InterferenceOption = None,
    phase_reference_duty: DutyOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what protocols give over one link.

    That is key rate, QBER, best mean photon number, bounds, reach, and why there is no key where there is none. Rates
    are for many pulses and honest ends; --block adds what finite blocks of BB84 prove. Relays and sources of pairs
    stand midway. Bits per second are clock times rate: dead times and post-processing are left out.

    For example:

      qkdctl physics rate --protocol mdi --loss 30 --detector snspd

      qkdctl physics rate --distance-km 100 --detector ingaas --clock-hz 1e8

      qkdctl physics rate --protocol bb84 --loss 10 --block 1e7

      qkdctl physics rate --loss 25 --json | jq '.protocols[].rate_per_pulse'
    """
    chosen = protocols_of(protocol)
    loss_db = loss_of(loss, distance_km, attenuation)
    setup = setup_of(
        detector, efficiency=efficiency, dark_probability=dark_probability, misalignment=misalignment,
        correction=correction, sift=sift, interference_error=interference_error,
        phase_reference_duty=phase_reference_duty,
    )  # fmt: skip
    within("--clock-hz", clock_hz, 0.0, 1e12, "Hz", open_below=True)
    if mean_photon_number is not None:
        within("--mean-photon-number", mean_photon_number, 0.0, 1.0, open_below=True)
    if block is not None:
        _check_block(block, secrecy, correctness, chosen, mean_photon_number)
    from qkdctl.physics_view.answer import Block, Question, answer  # noqa: PLC0415 - brings numpy along

    unit: Literal["pulses", "key_clicks"] = "pulses" if block_unit is BlockUnit.PULSES else "key_clicks"
    question = Question(
        protocols=tuple(chosen), setup=setup, loss_db=loss_db, attenuation_db_per_km=attenuation, clock_hz=clock_hz,
        mean_photon_number=mean_photon_number,
        block=None if block is None else Block(block, unit, secrecy, correctness),
    )  # fmt: skip
    found = answer(question)
    if as_json:
        print_document(**found.to_plain())
    else:
        say(answer_text(found, Painter.for_stdout()))


def _check_block(block: float, secrecy: float, correctness: float, protocols: list[str], light: float | None) -> None:
    within("--block", block, 1.0, 1e15)
    within("--secrecy", secrecy, 1e-300, 0.5)
    within("--correctness", correctness, 1e-300, 0.5)
    if "bb84" not in protocols:
        raise CliError("--block is for bb84, which is not among the protocols", "add --protocol bb84", USAGE)
    if light is not None:
        raise CliError(
            "--block and --mean-photon-number exclude each other",
            "a finite block has two or three intensities, and the best are chosen",
            USAGE,
        )
