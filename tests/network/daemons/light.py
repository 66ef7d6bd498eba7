"""What the simulated instruments really did."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Launched:
    """Light at the output of one sender.

    Attributes:
        brightest: largest mean photon number ever.
        last: now.
        changes: how often it changed.
    """

    brightest: float
    last: float
    changes: int


def launched(trace: Path, links: Iterable[str]) -> dict[str, Launched]:
    """Light of each link, out of the trace of a simulation."""
    values: dict[str, list[float]] = {link: [] for link in links}
    for line in trace.read_text().splitlines():
        entry = json.loads(line)
        if entry["quantity"] == "mean_photon_number" and entry["instrument"] in values:
            values[entry["instrument"]].append(float(entry["value"]))
    return {
        link: Launched(max(found, default=0.0), found[-1] if found else 0.0, len(found))
        for link, found in values.items()
    }


def too_bright(light: Mapping[str, Launched], cap: float) -> list[str]:
    """Links that ever sent more than they may."""
    return [f"{link}: {found.brightest} above {cap}" for link, found in light.items() if found.brightest > cap]
