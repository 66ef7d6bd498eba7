"""`qkdctl policy evaluate`."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from qkdctl.exit_codes import CONFIG, FAILURE, USAGE
from qkdctl_policies.commands.ending import fail, fail_on, need

if TYPE_CHECKING:
    from qkdctl.policy.vetting import VettedPolicy


def evaluate(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Policy files, such as several trainings.")],
    *,
    scenario: Annotated[
        list[str] | None,
        typer.Option(
            "--scenario",
            metavar="NAME",
            help="A named one, or a file ending in .toml; repeatable. All at the pace of deployed fibre.",
        ),
    ] = None,
    seeds: Annotated[int, typer.Option(min=2, metavar="N", help="Networks per scenario.")] = 10,
    epochs: Annotated[int, typer.Option(min=1, metavar="N", help="Length of an episode.")] = 200,
    epoch_s: Annotated[float, typer.Option(min=0.001, metavar="SECONDS", help="Length of an epoch.")] = 10.0,
    add_to_card: Annotated[
        bool, typer.Option("--card", help="Write the scores into the card beside the file.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Score policy files beside those who have not learned, on networks that nobody has learned from.

    Everybody runs the same networks: the constructed policy, the rule of the daemon, operators in the field, holding,
    chance, the best fixed power in hindsight, and controllers that know the truth about every link, greedy and in
    hindsight the best of several that look further ahead. Key is told as a share of what the same links make under
    ideal control, whose alignment costs nothing. Files of one training but for the seed count as one policy, their
    mean; others stand side by side.

    For example:

      qkdctl policy evaluate trained/links.onnx

      qkdctl policy evaluate trained/links.onnx --scenario storm --seeds 3 --json

      qkdctl policy evaluate trained/seed-*/links.onnx

      qkdctl policy evaluate trained/links.onnx policies/zoo/foresight-links.onnx
    """
    need("gymnasium")
    from hil_sim.scenario_problems import ScenarioError  # noqa: PLC0415 - off the command line's fast path
    from qkdctl_policies.environment.network_env import EnvSettings  # noqa: PLC0415 - likewise
    from qkdctl_policies.learning.evaluation import judge  # noqa: PLC0415 - likewise
    from qkdctl_policies.learning.evaluation_text import tell  # noqa: PLC0415 - likewise
    from qkdctl_policies.learning.scenarios import SCENARIOS  # noqa: PLC0415 - likewise

    if add_to_card and len(files) > 1:
        fail("--card takes one file", "scores of several trainings belong into a report", USAGE)
    try:
        policies = {str(file): _vetted(file) for file in files}
        if len({one.sha256 for one in policies.values()}) < len(files):
            fail("the same file is named twice", "each training counts once", USAGE)
        if add_to_card:
            _card_of(files[0], policies[str(files[0])].sha256)
        judged = judge(
            policies,
            tuple(dict.fromkeys(scenario or SCENARIOS)),
            seeds=seeds,
            how=EnvSettings(epochs=epochs, epoch_s=epoch_s, surroundings=False),
            on_contender=lambda name: typer.echo(f"{name} done", err=True),
        )
        about = {
            "sha256": [one.sha256 for one in policies.values()],
            "episodes": {name: _episodes(one) for name, one in policies.items()},
            "seeds": seeds,
            "epochs": epochs,
        }
        document = about | {"epoch_s": epoch_s} | judged.document()
        typer.echo(json.dumps(document) if as_json else tell(document))
        if add_to_card:
            _write_card(files[0], policies[str(files[0])].sha256, document)
    except ScenarioError as error:
        fail(str(error), "", CONFIG)
    except ValueError as error:
        fail(str(error), "", USAGE)
    except OSError as error:
        fail_on(error)


def _write_card(file: Path, sha256: str, scores: dict[str, Any]) -> None:
    """Add scores to the card that the file has by now."""
    from qkdctl.files import write_durably  # noqa: PLC0415 - off the command line's fast path

    text = json.dumps(_card_of(file, sha256) | {"scores": scores}, indent=2)
    write_durably(file.with_suffix(".json"), f"{text}\n".encode())


def _vetted(file: Path) -> "VettedPolicy":
    """The policy in a file; ends the command where it is refused."""
    from qkdctl.files import read_bounded  # noqa: PLC0415 - off the command line's fast path
    from qkdctl.policy.failure import PolicyRejected  # noqa: PLC0415 - likewise
    from qkdctl.policy.format import MAX_BYTES  # noqa: PLC0415 - likewise
    from qkdctl.policy.vetting import vet  # noqa: PLC0415 - likewise

    try:
        return vet(read_bounded(file, MAX_BYTES))
    except PolicyRejected as error:
        fail(f"{file} is refused: {error}", "", FAILURE)


def _episodes(vetted: "VettedPolicy") -> int:
    """Episodes that a file claims to have learned from, 0 when it claims none."""
    claimed = vetted.claims.get("episodes", "")
    return int(claimed) if claimed.isascii() and claimed.isdigit() else 0


def _card_of(file: Path, sha256: str) -> dict[str, Any]:
    """The card beside a file, which must be that of this file."""
    path = file.with_suffix(".json")
    try:
        card = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is no JSON: {error}") from None
    known = card.get("sha256") if isinstance(card, dict) else "none"
    if known != sha256:
        raise ValueError(f"{path} is the card of another file, {known}")
    return dict(card)
