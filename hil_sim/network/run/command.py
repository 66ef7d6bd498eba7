"""`qkdctl sim network`."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from hil_sim.network.run.control_name import ControlName

if TYPE_CHECKING:
    from hil_sim.network.run.network_run import NetworkRun

_USAGE = 2
_UNAVAILABLE = 69
_CONFIGURATION = 78
_BY_SIGNAL = 128

_SHIPPED = Path(__file__).parents[2] / "scenarios" / "networks"


def network(
    scenario: Annotated[str, typer.Argument(metavar="SCENARIO", help="A file, or the name of a shipped one.")],
    *,
    epochs: Annotated[int | None, typer.Option(min=1, metavar="N", help="Instead of those of the scenario.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, metavar="N", help="Instead of that of the scenario.")] = None,
    control: Annotated[
        ControlName,
        typer.Option(help="hold leaves all settings alone; field re-aligns links whose reported QBER is too high."),
    ] = ControlName.HOLD,
    realign_above: Annotated[
        float | None,
        typer.Option(
            min=0.001,
            max=0.5,
            metavar="QBER",
            help="For field, such as 0.05; by default the hardware's qber_limit.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    out: Annotated[
        Path | None,
        typer.Option(file_okay=False, metavar="DIR", help="Write a map, a plot, tables and the document there."),
    ] = None,
    show_progress: Annotated[bool, typer.Option("--progress/--no-progress", help="On stderr.")] = True,
) -> None:
    """Simulate a QKD network: physics, key buffers, key relay and adversaries.

    It ends with what every link made and every demand got. Ctrl-C ends it earlier, with the figures so far and exit
    code 130.

    For example:

      qkdctl sim network madqci

      qkdctl sim network byzantine-20 --epochs 200 --json | jq .adversaries

      qkdctl sim network my-network.toml --control field --realign-above 0.05 --out results
    """
    from hil_sim.scenario_problems import ScenarioError  # noqa: PLC0415 -- off the command line's fast path

    if realign_above is not None and control is ControlName.HOLD:
        _fail("nobody re-aligns links while their settings are held", "add --control field", _USAGE)
    path = _path(scenario)
    try:
        run, planned, text = _prepared(path, epochs, seed, control, realign_above)
    except ScenarioError as error:
        _fail(f"{scenario} is no good network scenario\n{error}", "", _CONFIGURATION)
    except OSError as error:
        _fail(f"cannot read {path}: {error.strerror or error}", "", _UNAVAILABLE)
    if out is not None:
        _prepare_directory(out)
    number = _carry_out(run, planned, show_progress=show_progress)
    _show(run, scenario, text, planned, as_json=as_json, out=out)
    if number:
        typer.echo(f"stopped after {run.epochs} of {planned} epochs; all figures are of these", err=True)
        raise typer.Exit(_BY_SIGNAL + number)


def network_scenario_names() -> list[str]:
    """Network scenarios that ship."""
    return sorted(path.stem for path in _SHIPPED.glob("*.toml"))


def _path(scenario: str) -> Path:
    """The file itself, or the shipped scenario of that name."""
    if Path(scenario).exists():
        return Path(scenario)
    if scenario in network_scenario_names():
        return _SHIPPED / f"{scenario}.toml"
    hint = f"name a file, or one of the shipped network scenarios: {', '.join(network_scenario_names())}"
    return _fail(f"there is no network scenario {scenario!r}", hint, _USAGE)


def _prepared(
    path: Path, epochs: int | None, seed: int | None, control: ControlName, realign_above: float | None
) -> "tuple[NetworkRun, int, str]":
    """The run at its start, how many epochs it is to have, and the text of its scenario."""
    from hil_sim.network.run.network_run import Chosen, NetworkRun  # noqa: PLC0415
    from hil_sim.network.scenario_file import load_network  # noqa: PLC0415

    built = load_network(path, seed=seed)
    run = NetworkRun(built, Chosen(control, realign_above))
    return run, epochs or built.scenario.epochs, path.read_text(encoding="utf-8")


def _prepare_directory(out: Path) -> None:
    """See before a long run that its result can be drawn and written."""
    from importlib.util import find_spec  # noqa: PLC0415

    if find_spec("matplotlib") is None:
        _fail("--out draws with matplotlib, which is not installed", "pip install 'qkdctl[sim]'", _UNAVAILABLE)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        _fail(f"cannot write into {out}: {error.strerror}", "", _UNAVAILABLE)


def _carry_out(run: "NetworkRun", planned: int, *, show_progress: bool) -> int:
    """Step to the end, or until a signal comes; its number, 0 for none."""
    from hil_sim.network.run.progress import progress  # noqa: PLC0415
    from hil_sim.network.run.stopping import stop_on_signals  # noqa: PLC0415

    with stop_on_signals() as stop, progress(planned, wanted=show_progress) as show:
        for _ in range(planned):
            run.step()
            show(run)
            if stop.signal:
                break
    return stop.signal


def _show(run: "NetworkRun", scenario: str, text: str, planned: int, *, as_json: bool, out: Path | None) -> None:
    from hil_sim.network.run.document import document_of  # noqa: PLC0415
    from hil_sim.network.run.report import report  # noqa: PLC0415

    document: dict[str, Any] = document_of(run, scenario, text, planned=planned)
    typer.echo(json.dumps(document) if as_json else report(document))
    if out is None:
        return
    from hil_sim.network.run.output_files import write_files  # noqa: PLC0415

    try:
        write_files(out, run, document)
    except OSError as error:
        _fail(f"cannot write into {out}: {error.strerror or error}", "", _UNAVAILABLE)
    typer.echo(f"\nmap, plot, tables and document are in {out}", err=as_json)


def _fail(error: str, hint: str, code: int) -> NoReturn:
    typer.echo(f"error: {error}" + (f"\nhint: {hint}" if hint else ""), err=True)
    raise typer.Exit(code)
