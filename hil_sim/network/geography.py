"""Distances on the earth, and maps of areas as small as a country."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

EARTH_RADIUS_KM = 6371.009
"""Mean radius of the earth (IUGG)."""


def great_circle_km(
    latitude_a_deg: ArrayLike, longitude_a_deg: ArrayLike, latitude_b_deg: ArrayLike, longitude_b_deg: ArrayLike
) -> NDArray[np.float64]:
    """Shortest way over a spherical earth, in km; broadcasts. Haversine formula, exact for small distances too."""
    latitude_a, longitude_a, latitude_b, longitude_b = (
        np.radians(np.asarray(value, dtype=np.float64))
        for value in (latitude_a_deg, longitude_a_deg, latitude_b_deg, longitude_b_deg)
    )
    chord = (
        np.sin((latitude_b - latitude_a) / 2) ** 2
        + np.cos(latitude_a) * np.cos(latitude_b) * np.sin((longitude_b - longitude_a) / 2) ** 2
    )
    return np.asarray(2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(np.clip(chord, 0.0, 1.0))))


def flat_map_km(latitude_deg: ArrayLike, longitude_deg: ArrayLike) -> NDArray[np.float64]:
    """Places on a flat map, shape (places, 2): km east and north of the middle.

    Equirectangular projection at the middle latitude (Snyder, Map Projections: A Working Manual, USGS PP 1395, eq. 12-1
    and 12-2). Within 1 % of true scale over a metropolitan area; over 1000 km within a few per cent.
    """
    latitude = np.asarray(latitude_deg, dtype=np.float64)
    longitude = np.asarray(longitude_deg, dtype=np.float64)
    middle = (latitude.min() + latitude.max()) / 2, (longitude.min() + longitude.max()) / 2
    per_degree = np.radians(EARTH_RADIUS_KM)
    east = (longitude - middle[1]) * per_degree * np.cos(np.radians(middle[0]))
    return np.column_stack((east, (latitude - middle[0]) * per_degree))


def places_deg(
    map_km: ArrayLike, centre_latitude_deg: float, centre_longitude_deg: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Latitudes and longitudes of places given in km east and north of a centre, shape (places, 2)."""
    east, north = np.asarray(map_km, dtype=np.float64).T
    per_degree = np.radians(EARTH_RADIUS_KM)
    longitude = centre_longitude_deg + east / (per_degree * np.cos(np.radians(centre_latitude_deg)))
    return centre_latitude_deg + north / per_degree, longitude
