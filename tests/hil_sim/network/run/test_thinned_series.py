"""A record of many epochs keeps their sums in few rows."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil_sim.network.run.thinned_series import ThinnedSeries


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=300), st.sampled_from([2, 4, 10]))
def test_rows_stay_few_and_add_up_to_all_epochs(values: list[int], most: int) -> None:
    series = ThinnedSeries(2, most)
    for value in values:
        series.add(np.array([value, 1.0]))
    ends, means = series.ends(), series.means()
    epochs = np.diff(ends, prepend=0)
    assert means.shape == (ends.size, 2)
    assert ends.size <= most
    assert ends[-1] == len(values)
    assert (epochs[:-1] == series.epochs_per_row).all()
    assert means[:, 1] == pytest.approx(1.0)
    assert float((means[:, 0] * epochs).sum()) == pytest.approx(sum(values))
    begins = ends - epochs
    expected = [np.mean(values[begin:end]) for begin, end in zip(begins, ends, strict=True)]
    assert means[:, 0] == pytest.approx(expected)


def test_few_epochs_are_kept_as_they_are() -> None:
    series = ThinnedSeries(1, 4)
    for value in (3.0, 1.0, 2.0):
        series.add(np.array([value]))
    assert series.epochs_per_row == 1
    assert series.means().tolist() == [[3.0], [1.0], [2.0]]


@pytest.mark.parametrize("most", [0, 3])
def test_an_odd_number_of_rows_cannot_be_halved(most: int) -> None:
    with pytest.raises(ValueError, match=f"even number of rows, got {most}"):
        ThinnedSeries(1, most)
