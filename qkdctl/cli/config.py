"""qkdctl config: check, show and create. Files only: no daemon, no device, no network."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from qkdctl.cli.errors import CliError
from qkdctl.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption
from qkdctl.cli.output import Painter, complain, print_document, say
from qkdctl.cli.tables import table
from qkdctl.exit_codes import CONFIG, USAGE

if TYPE_CHECKING:
    from qkdctl.config.in_force import LimitInForce
    from qkdctl.config.model import Config
    from qkdctl.config.problems import ConfigError, Problem

_WIDE = 110

app = typer.Typer(
    add_completion=False, rich_markup_mode=None, no_args_is_help=True, help="Check, show and create configurations."
)

SetOption: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Replace one value, such as node.epoch_s=2; may be repeated."),
]


@app.command()
def check(config: ConfigOption = DEFAULT_CONFIG, settings: SetOption = None, as_json: JsonOption = False) -> None:
    """Check a configuration: all errors at once, each with its line and a hint.

    Without errors it shows the main limits in force; --json has all of them.
    Exits with 0, or with 78 when there are errors.

    For example:

      qkdctl config check

      qkdctl config check --config bench.toml --set node.epoch_s=2

      qkdctl config check --json | jq -r '.problems[].message'
    """
    from qkdctl.config.catalog import EntryPointCatalog  # noqa: PLC0415 - heavy, like all of qkdctl.config
    from qkdctl.config.in_force import limits_in_force  # noqa: PLC0415

    loaded = _load(config, settings, as_json=as_json)
    limits = list(limits_in_force(loaded, EntryPointCatalog()))
    warnings = [*loaded.provenance.warnings, *_policy_problems(loaded)]
    if as_json:
        print_document(
            ok=True,
            files=[str(file) for file in loaded.provenance.files],
            problems=[problem.to_plain() for problem in warnings],
            limits=[limit.to_plain() for limit in limits],
        )
        return
    for problem in warnings:
        complain(problem.render())
    prominent = [limit for limit in limits if limit.is_prominent]
    if prominent:
        say(f"{_limit_table(prominent)}\n")
    counts = f"{_counted(len(loaded.devices), 'device')}, {_counted(len(loaded.links), 'link')}"
    say(f"{config}: valid; node {loaded.node.name}, {counts}, {_counted(len(warnings), 'warning')}")


@app.command()
def show(
    prefix: Annotated[str, typer.Argument(metavar="[KEY]", help="Only this key, section, device or link.")] = "",
    config: ConfigOption = DEFAULT_CONFIG,
    settings: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show every value in force with its source, secrets redacted.

    For example:

      qkdctl config show

      qkdctl config show devices.alice-laser

      qkdctl config show --json | jq '.values[] | select(.source != "default")'
    """
    from qkdctl.config.effective import effective  # noqa: PLC0415

    loaded = _load(config, settings, as_json=as_json)
    values = [value for value in effective(loaded) if not prefix or f"{value.key}.".startswith(f"{prefix}.")]
    if not values:
        raise CliError(f"there is no {prefix} in the configuration", "qkdctl config show lists all keys", USAGE)
    if as_json:
        print_document(values=[value.to_plain() for value in values])
        return
    paint = Painter.for_stdout()
    if paint.width is not None and paint.width < _WIDE:
        beside = [(value.key, f"{_shown(value.value)}  ({value.source})") for value in values]
        say(table(("key", "value and source"), beside, paint))
        return
    say(table(("key", "value", "source"), [(value.key, _shown(value.value), value.source) for value in values], paint))


@app.command()
def create(
    output: Annotated[
        Path | None, typer.Option("--output", metavar="PATH", help="File to write; it must not exist yet.")
    ] = None,
) -> None:
    """Print a commented configuration to begin with, with every key there is.

    For example:

      qkdctl config create | less

      qkdctl config create --output /etc/qkdctl/qkdctl.toml
    """
    from qkdctl.config.example import render_example  # noqa: PLC0415

    if output is None:
        say(render_example().rstrip("\n"))
        return
    try:
        with output.open("x", encoding="utf-8") as file:
            file.write(render_example())
    except FileExistsError:
        raise CliError(f"{output} exists already", "name another file, or remove that one first") from None
    except OSError as error:
        raise CliError(f"{output} cannot be written: {error.strerror}", "name a directory you may write to") from None
    say(f"{output}: written; check it with: qkdctl config check --config {output}")


def overrides_of(settings: list[str] | None) -> dict[str, str]:
    """The values of --set options.

    Raises:
        CliError: one is not KEY=VALUE.
    """
    overrides = {}
    for setting in settings or []:
        key, separator, text = setting.partition("=")
        if not separator or not key:
            raise CliError(f"--set {key}: no value", "write --set KEY=VALUE, such as --set node.epoch_s=2", USAGE)
        overrides[key] = text
    return overrides


def _load(path: Path, settings: list[str] | None, *, as_json: bool) -> "Config":
    from qkdctl.config.load import load  # noqa: PLC0415
    from qkdctl.config.problems import ConfigError  # noqa: PLC0415

    try:
        return load(path, os.environ, overrides_of(settings))
    except ConfigError as error:
        _report(error, as_json=as_json)
        raise typer.Exit(CONFIG) from None


def _policy_problems(config: "Config") -> "list[Problem]":
    """What the daemon would have against the policy's file; it would start all the same, with the baseline."""
    if config.policy.kind != "onnx":
        return []
    from qkdctl.config.problems import Problem  # noqa: PLC0415
    from qkdctl.node.policy import load_policy  # noqa: PLC0415 - brings the runtime of the policies along

    _, text = load_policy(config)
    path = ("policy", "file")
    hint = "put a policy of the documented format there, or remove [policy]"
    return [Problem(config.origin(path), "policy.file", text, hint=hint, severity="warning")] if text else []


def _report(error: "ConfigError", *, as_json: bool) -> None:
    if as_json:
        print_document(ok=False, problems=[problem.to_plain() for problem in error.problems])
        return
    for problem in error.problems:
        complain(problem.render())
    errors = sum(problem.severity == "error" for problem in error.problems)
    complain(f"{_counted(errors, 'error')}, {_counted(len(error.problems) - errors, 'warning')}")


def _limit_table(limits: "list[LimitInForce]") -> str:
    rows = []
    for limit in limits:
        plain = limit.to_plain()
        figures = [_shown(plain[key]) for key in ("minimum", "maximum", "maximum_step")]
        rows.append((limit.device, limit.attribute, *figures, limit.unit))
    return table(("device", "attribute", "minimum", "maximum", "step", "unit"), rows, Painter.for_stdout())


def _shown(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return ", ".join(map(_shown, value)) or "(none)"
    return f"{value:.12g}" if isinstance(value, float) else str(value)


def _counted(count: int, noun: str) -> str:
    return f"{count or 'no'} {noun}{'s' if count != 1 else ''}"
