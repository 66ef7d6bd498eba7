"""qkdctl physics list."""

from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

from qkdctl.cli.options import JsonOption
from qkdctl.cli.output import Painter, print_document, say
from qkdctl.cli.physics.catalogue import HARDWARE, HARDWARE_ALIASES, PROTOCOL_ALIASES, PROTOCOLS
from qkdctl.cli.tables import table, wrapped

_PAGE = 120
_LEGEND = (
    "EFFIC. efficiency, DARK dark counts per detector and slot, MISAL. misalignment, F inefficiency of error "
    "correction, SIFT share sifted, INTERF. error of lasers that interfere midway, DUTY share of slots beside phase "
    "references"
)


def list_models(as_json: JsonOption = False) -> None:
    """List protocols and sets of hardware figures, with sources.

    Beside its name, everything goes by the names under ALSO, and by a beginning that nothing else shares.

    For example:

      qkdctl physics list

      qkdctl physics list --json | jq '.hardware[] | .name, .efficiency'
    """
    if as_json:
        print_document(**_document())
    else:
        say(_text(Painter.for_stdout()))


def _document() -> dict[str, Any]:
    from qkdctl.physics.hardware import PRESETS  # noqa: PLC0415 - brings numpy along

    return {
        "protocols": [
            {"name": name, "aliases": _aliases(name, PROTOCOL_ALIASES), **asdict(origin)}
            for name, origin in PROTOCOLS.items()
        ],
        "hardware": [
            {"name": name, "aliases": _aliases(name, HARDWARE_ALIASES), **asdict(PRESETS[name]), **asdict(origin)}
            for name, origin in HARDWARE.items()
        ],
    }


def _text(paint: Painter) -> str:
    from qkdctl.physics.hardware import PRESETS  # noqa: PLC0415 - brings numpy along

    protocols = [
        (name, _also(name, PROTOCOL_ALIASES), f"{origin.title}; {origin.source}") for name, origin in PROTOCOLS.items()
    ]
    figures = [
        (name, *(f"{getattr(PRESETS[name], field.name):g}" for field in fields(PRESETS[name]))) for name in HARDWARE
    ]
    hardware = [
        (name, _also(name, HARDWARE_ALIASES), f"{origin.title}; {origin.source}") for name, origin in HARDWARE.items()
    ]
    return "\n\n".join(
        (
            table(("PROTOCOL", "ALSO", "WHAT"), protocols, paint),
            table(("DETECTOR", "EFFIC.", "DARK", "MISAL.", "F", "SIFT", "INTERF.", "DUTY"), figures, paint),
            table(("DETECTOR", "ALSO", "WHAT"), hardware, paint),
            "\n".join(wrapped(_LEGEND, paint.width or _PAGE)),
        )
    )


def _also(name: str, aliases: Mapping[str, str]) -> str:
    return ", ".join(_aliases(name, aliases)) or "-"


def _aliases(name: str, aliases: Mapping[str, str]) -> list[str]:
    return [alias for alias, meant in aliases.items() if meant == name]
