"""What generated networks have in common: arguments in range, names that sort, sites on the map."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hil_sim.network.geography import places_deg
from hil_sim.network.plant import Site

MOST_NODES: Final = 1000
ROUTE_FACTOR: Final = 1.3
"""Length of fibre over straight distance, on average."""
ATTENUATION_DB_PER_KM: Final = 0.21
ENDS_LOSS_DB: Final = 0.5
"""Of the connectors at both ends of a span together."""
CENTRE_DEG: Final = (48.2, 16.4)
"""Latitude and longitude of the middle."""


def check_ranges(**ranges: tuple[float, float, float]) -> None:
    """Compare arguments with what they may be.

    Args:
        ranges: value, least and most of each, by its name.

    Raises:
        ValueError: for the first that is out of range.
    """
    for name, (value, least, most) in ranges.items():
        if not least <= value <= most:
            raise ValueError(f"{name} must be {least:g} to {most:g}, not {value:g}")


def numbered(prefix: str, count: int) -> list[str]:
    """Names that sort like their numbers, which start at 1."""
    width = len(str(count))
    return [f"{prefix}{number:0{width}d}" for number in range(1, count + 1)]


def sites_at(
    names: Sequence[str], places: NDArray[np.float64], centre_deg: tuple[float, float], *, may_relay: bool
) -> list[Site]:
    """Sites at places given in km east and north of a centre, shape (sites, 2)."""
    return [
        Site(name=name, latitude_deg=float(latitude), longitude_deg=float(longitude), may_relay=may_relay)
        for name, latitude, longitude in zip(names, *places_deg(places, *centre_deg), strict=True)
    ]
