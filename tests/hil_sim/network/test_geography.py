"""Distances on the earth and flat maps."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil_sim.network.geography import EARTH_RADIUS_KM, flat_map_km, great_circle_km, places_deg

latitudes = st.floats(-89, 89)
longitudes = st.floats(-179, 179)


def test_a_quarter_of_the_equator_is_a_quarter_of_the_circumference():
    assert great_circle_km(0, 0, 0, 90) == pytest.approx(EARTH_RADIUS_KM * np.pi / 2)


def test_vienna_to_madrid_is_as_far_as_an_atlas_says():
    assert great_circle_km(48.208, 16.373, 40.417, -3.703) == pytest.approx(1810, rel=0.01)


def test_a_metre_is_not_lost_to_rounding():
    assert great_circle_km(48, 16, 48 + np.degrees(0.001 / EARTH_RADIUS_KM), 16) == pytest.approx(0.001, rel=1e-6)


@given(latitudes, longitudes, latitudes, longitudes)
def test_distance_is_symmetric_and_at_most_half_way_round(a, b, c, d):
    there = float(great_circle_km(a, b, c, d))
    assert there == pytest.approx(float(great_circle_km(c, d, a, b)), abs=1e-9)
    assert 0 <= there <= EARTH_RADIUS_KM * np.pi * (1 + 1e-12)


@given(st.floats(-60, 60), st.floats(-170, 170), st.integers(0, 2**32))
def test_a_flat_map_of_a_city_keeps_distances_within_a_hundredth(latitude, longitude, seed):
    map_km = np.random.default_rng(seed).uniform(-20, 20, (6, 2))
    places = places_deg(map_km, latitude, longitude)
    flat = flat_map_km(*places)
    on_map = np.linalg.norm(flat[1:] - flat[:-1], axis=1)
    on_earth = great_circle_km(places[0][1:], places[1][1:], places[0][:-1], places[1][:-1])
    assert on_map == pytest.approx(on_earth, rel=0.01)


def test_a_flat_map_has_its_middle_at_zero():
    flat = flat_map_km([40.0, 41.0], [-4.0, -3.0])
    assert flat.sum(axis=0) == pytest.approx([0.0, 0.0], abs=1e-9)
    assert flat[1, 0] > 0
    assert flat[1, 1] > 0
