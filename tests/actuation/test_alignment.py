"""The re-alignment search: finds the minimum, keeps the range, counts its measurements, tolerates counting noise."""

import asyncio
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qkdctl.actuation.alignment import SearchSettings, Voltages, search

Point = tuple[int, int, int, int]
VOLTAGE = st.integers(-5000, 5000)


def bowl(centre: Point, noise: random.Random | None = None):
    seen: list[Voltages] = []

    async def measure(voltages: Voltages) -> int:
        seen.append(voltages)
        distance = sum(((v - c) / 2500) ** 2 for v, c in zip(voltages, centre, strict=True))
        wobble = noise.gauss(0, 300) if noise else 0
        return max(0, round(min(500_000, 5_000 + 200_000 * distance) + wobble))

    return measure, seen


def test_finds_the_minimum() -> None:
    measure, _ = bowl((600, 1250, -600, 400))
    result = asyncio.run(search((0, 0, 0, 0), measure, SearchSettings(measurements=200)))
    assert result.qber_ppm < 6_000
    assert result.first_qber_ppm > 60_000


def test_stops_when_it_is_good_enough() -> None:
    measure, seen = bowl((0, 0, 0, 0))
    result = asyncio.run(search((0, 0, 0, 0), measure, SearchSettings(enough_ppm=6_000)))
    assert result.measurements == len(seen) == 1


def test_is_not_led_astray_by_counting_noise() -> None:
    measure, _ = bowl((900, -700, 300, 0), random.Random(3))
    result = asyncio.run(search((0, 0, 0, 0), measure, SearchSettings(measurements=200)))
    assert result.qber_ppm < 12_000


@settings(max_examples=50)
@given(start=st.tuples(VOLTAGE, VOLTAGE, VOLTAGE, VOLTAGE), centre=st.tuples(VOLTAGE, VOLTAGE, VOLTAGE, VOLTAGE))
def test_never_leaves_the_range_and_never_ends_worse(start: Point, centre: Point) -> None:
    measure, seen = bowl(centre)
    limits = SearchSettings()
    result = asyncio.run(search(start, measure, limits))
    assert all(limits.minimum_mv <= v <= limits.maximum_mv for point in seen for v in point)
    assert result.qber_ppm <= result.first_qber_ppm
    assert result.measurements == len(seen) <= limits.measurements
    # the receiver always sees light: no move is larger than the first step along one axis
    moves = [sum(abs(a - b) for a, b in zip(p, result.voltages_mv, strict=True)) for p in seen[-1:]]
    assert moves[0] <= 4 * limits.first_step_mv


@pytest.mark.parametrize("edge", [5000, -5000])
def test_an_edge_of_the_range_is_no_obstacle(edge: int) -> None:
    measure, _ = bowl((edge, 0, 0, 0))
    result = asyncio.run(search((edge, 500, 0, 0), measure, SearchSettings(measurements=100)))
    assert result.qber_ppm < 6_000
