"""What a policy sees."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qkdctl.policy.features import as_input, observe
from qkdctl.policy.schema import FEATURES, GRID, LARGEST
from qkdctl.records.network import LinkState
from qkdctl.records.report import LinkReport
from qkdctl.records.series import ErrorSeries
from tests.policy.states import facts, link, qber, state, table
from tests.records.samples import row, state_after


def seen(entry: LinkState, **fact_changes: object) -> dict[str, float]:
    rows = as_input(observe(state(entry), table(facts(**fact_changes))))  # type: ignore[arg-type]
    return {feature.name: float(value) for feature, value in zip(FEATURES, rows[0], strict=True)}


def test_names_are_unique_and_every_range_fits_the_scale() -> None:
    assert len({feature.name for feature in FEATURES}) == len(FEATURES)
    for feature in FEATURES:
        assert feature.low < feature.high
        assert max(abs(feature.low), abs(feature.high)) <= LARGEST * 2**feature.shift


def test_typical_link() -> None:
    values = seen(link(qber_z=qber(20_000, floor=12_000, excess_sum=65_536, trend=-512)))
    assert values["power_step"] == 25 / 8
    assert values["qber_z"] == 20_000 // 4 / GRID
    assert values["qber_z_margin"] == 70_000 // 4 / GRID
    assert values["qber_z_rise"] == 8_000 // 4 / GRID
    assert values["qber_z_trend"] == -0.25
    assert values["harm_z"] == 1.0
    assert values["loss"] == 10_000 // 2 / GRID
    assert values["since_realign"] == 8.0
    assert values["valid"] == 1.0
    assert [values[f"protocol_{name}"] for name in ("bb84", "mdi", "tf", "bbm92")] == [1, 0, 0, 0]
    assert values["trust_least"] == 1_000_000 // 32 / GRID


def test_harm_is_per_epoch_that_a_realignment_costs() -> None:
    for dead_ms, expected in ((4_000, 0.25), (1_000, 1.0), (0, 1.0)):
        entry = link(qber_z=qber(20_000, excess_sum=65_536), realign_dead_ms=dead_ms)
        assert seen(entry)["harm_z"] == expected


def test_background_share_comes_from_the_vacuum_intensity() -> None:
    entry = link(pulses=10**8, detected=10**6, vacuum_sent=10**7, vacuum_detected=2_000)
    assert seen(entry)["background_qber"] == 10_000 // 4 / GRID


def test_key_rate_over_the_repeaterless_bound() -> None:
    at_bound = link(pulses=10**9, secret_key_bits=round(10**9 * 1.4427 * 10**-3)).model_copy(
        update={"loss": link().loss.model_copy(update={"level": 30_000})}
    )
    assert seen(at_bound)["key_over_bound"] == pytest.approx(0, abs=0.01)


def test_protocol_unknown_to_the_link_has_no_margin_and_no_head_room() -> None:
    values = seen(link(protocol="tf"))
    assert values["qber_z_margin"] < 0
    assert values["head_room"] < 0


def test_power_excess_needs_a_measurement() -> None:
    assert seen(link(measured_mean_photon_number_e6=0))["power_excess"] == 0
    assert seen(link(measured_mean_photon_number_e6=275_000))["power_excess"] == pytest.approx(0.1e6 / 2**17, abs=1e-3)


def test_link_missing_in_the_table_is_an_error_that_names_it() -> None:
    with pytest.raises(KeyError, match="elsewhere"):
        observe(state(link("elsewhere")), table())


def test_no_links_give_an_empty_tensor_of_the_right_width() -> None:
    empty = state().model_copy(update={"links": ()})
    assert as_input(observe(empty, table())).shape == (0, len(FEATURES))


big = st.integers(0, 2**63 - 1)
ppm = st.integers(0, 1_000_000)
series = st.builds(
    ErrorSeries,
    level=ppm,
    average=ppm,
    trend=st.integers(-(2**63), 2**63 - 1),
    spread=big,
    samples=st.integers(0, 65_535),
    floor=ppm,
    floor_samples=st.integers(0, 4),
    excess_sum=big,
)


@settings(max_examples=60)
@given(
    big,
    big,
    big,
    big,
    big,
    big,
    big,
    st.integers(0, 10_000_000),
    st.integers(0, 10_000_000),
    series,
    st.integers(0, 65_535),
)
def test_whatever_is_reported_the_observation_is_on_the_grid_and_within_its_scale(
    sifted: int, key: int, detected: int, pulses: int, sent: int, age: int, dead: int, mu: int, measured: int,
    errors: ErrorSeries, epochs: int,
) -> None:  # fmt: skip
    entry = link(
        sifted_bits=sifted, secret_key_bits=key, detected=detected, pulses=pulses, vacuum_sent=sent, age_ms=age,
        dead_ms=dead, mean_photon_number_e6=mu, measured_mean_photon_number_e6=measured, qber_z=errors, qber_x=errors,
        epochs_since_realign=epochs, loss=link().loss.model_copy(update={"level": sent, "trend": -sent}),
    )  # fmt: skip
    values = as_input(observe(state(entry), table()))
    assert np.abs(values).max() <= LARGEST
    assert (values * GRID == np.rint(values * GRID)).all()


def test_observation_repeats_bit_for_bit() -> None:
    def run() -> tuple[tuple[int, ...], ...]:
        now = None
        for epoch, errors in enumerate((10_000, 11_111, 13_131, 9_999, 20_202), start=1):
            line: LinkReport = row(qber_z_ppm=errors, qber_x_ppm=2 * errors)
            now = state_after(now, epoch, line)
        assert now is not None
        return observe(now, table())

    assert run() == run()
