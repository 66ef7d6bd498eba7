"""What the options of a command line say: names, numbers and hardware, each checked."""

import math
from collections.abc import Mapping
from dataclasses import replace
from difflib import get_close_matches
from typing import TYPE_CHECKING

from qkdctl.cli.errors import CliError
from qkdctl.cli.physics.catalogue import HARDWARE, HARDWARE_ALIASES, PROTOCOL_ALIASES, PROTOCOLS, Origin
from qkdctl.exit_codes import USAGE

if TYPE_CHECKING:
    from qkdctl.physics_view.setup import Setup


def setup_of(detector: str, **changes: float | None) -> "Setup":
    """Hardware of a preset with single figures replaced by name, None meaning that the preset's stays.

    Raises:
        CliError: there is no such preset, or a figure is out of its range.
    """
    from qkdctl.physics.hardware import PRESETS  # noqa: PLC0415 - brings numpy along
    from qkdctl.physics_view.setup import Setup  # noqa: PLC0415

    preset = _known("detector", detector, HARDWARE, HARDWARE_ALIASES)
    given = {name: value for name, value in changes.items() if value is not None}
    try:
        return Setup(preset, replace(PRESETS[preset], **given), tuple(given))
    except ValueError as error:
        name, _, rest = str(error).partition(" ")
        raise CliError(f"--{name.replace('_', '-')} {rest}", code=USAGE) from None


def protocols_of(names: list[str] | None) -> list[str]:
    """Protocols by name in the order given, each once; all of them without any.

    Raises:
        CliError: there is no such protocol.
    """
    known = [_known("protocol", name, PROTOCOLS, PROTOCOL_ALIASES) for name in names or PROTOCOLS]
    return list(dict.fromkeys(known))


def loss_of(loss_db: float | None, distance_km: float | None, attenuation_db_per_km: float) -> float:
    """Loss of the fibre in dB from what was given of it.

    Raises:
        CliError: neither or both were given, or one is out of its range.
    """
    from qkdctl.physics_view.setup import FARTHEST_DB  # noqa: PLC0415 - brings numpy along

    within("--attenuation", attenuation_db_per_km, 0.0, 10.0, "dB/km", open_below=True)
    if (loss_db is None) == (distance_km is None):
        raise CliError(
            "how far apart are the ends?" if loss_db is None else "both --loss and --distance-km are given",
            "say --loss in dB, or --distance-km of a fibre",
            USAGE,
        )
    if loss_db is not None:
        return within("--loss", loss_db, 0.0, FARTHEST_DB, "dB")
    assert distance_km is not None
    farthest_km = FARTHEST_DB / attenuation_db_per_km
    return within("--distance-km", distance_km, 0.0, farthest_km, "km") * attenuation_db_per_km


def within(option: str, value: float, low: float, high: float, unit: str = "", *, open_below: bool = False) -> float:
    """The value of an option, which must lie in [low, high], or in (low, high].

    Raises:
        CliError: it does not.
    """
    if math.isfinite(value) and low <= value <= high and not (open_below and value == low):
        return value
    bracket = "(" if open_below else "["
    raise CliError(f"{option} must lie in {bracket}{low:g}, {high:g}]{unit and f' {unit}'}, got {value:g}", code=USAGE)


def _known(option: str, name: str, known: Mapping[str, Origin], aliases: Mapping[str, str]) -> str:
    """A name as it is listed, from the name itself, another name of the same, or a beginning that only one has."""
    wanted = name.strip().lower().replace("_", "-").replace(" ", "-")
    if wanted in known:
        return wanted
    if wanted in aliases:
        return aliases[wanted]
    begun = [listed for listed in known if wanted and listed.startswith(wanted)]
    if len(begun) == 1:
        return begun[0]
    near = get_close_matches(wanted, [*known, *aliases], n=1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    raise CliError(f"there is no {option} {name!r}", f"{hint}known are {', '.join(known)}", USAGE)
