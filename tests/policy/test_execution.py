"""Running a policy file gives exact integers or nothing."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import onnxruntime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from qkdctl.policy.actions import ACTIONS, legal
from qkdctl.policy.bound_session import BoundSession
from qkdctl.policy.builder import build
from qkdctl.policy.execution import OnnxPolicy, checked
from qkdctl.policy.failure import PolicyFailure
from qkdctl.policy.features import observe
from qkdctl.policy.layers import value_bound
from qkdctl.policy.schema import FEATURES, GRID, LARGEST
from qkdctl.policy.vetting import VettedPolicy, vet
from tests.policy.networks import random_network, reference
from tests.policy.states import facts, link, state, table, table_of

LAYERS = random_network(3, 32, 16)
POLICY = OnnxPolicy(vet(build(LAYERS, {})))

grid_rows = st.lists(
    st.lists(
        st.one_of(st.integers(-LARGEST * GRID, LARGEST * GRID), st.sampled_from((-LARGEST * GRID, LARGEST * GRID))),
        min_size=len(FEATURES),
        max_size=len(FEATURES),
    ),
    min_size=1,
    max_size=3,
)


@settings(max_examples=60, deadline=None)
@given(grid_rows)
def test_values_equal_the_integer_reference(rows: list[list[int]]) -> None:
    values = POLICY.values(np.array(rows, dtype=np.float64) / GRID)
    assert values.tolist() == reference(LAYERS, rows)
    assert np.abs(values).max() <= value_bound(LAYERS)


def test_values_stay_exact_at_the_edge_of_what_doubles_hold() -> None:
    layers = random_network(11, 64, largest=2**20)
    assert value_bound(layers) * GRID > 2**52
    scattered = np.random.default_rng(4).integers(-LARGEST * GRID, LARGEST * GRID + 1, (20, len(FEATURES)))
    extreme = np.sign(layers[0].weights.T) * LARGEST * GRID
    rows = np.concatenate([scattered, extreme, -extreme])
    values = OnnxPolicy(vet(build(layers, {}))).values(rows / GRID)
    assert values.tolist() == reference(layers, rows.tolist())


def test_a_row_has_the_same_values_in_every_batch() -> None:
    rows = np.random.default_rng(0).integers(-LARGEST * GRID, LARGEST * GRID + 1, (70, len(FEATURES))) / GRID
    together = POLICY.values(rows)
    for size in (1, 2, 7, 64):
        np.testing.assert_array_equal(POLICY.values(rows[:size]), together[:size])


def test_proposal_is_the_best_legal_action_of_the_reference() -> None:
    now = state(link("a"), link("b", mean_photon_number_e6=600_548))
    static = table_of(facts("a"), facts("b"))
    proposal = POLICY.propose(now, static)
    expected = reference(LAYERS, [list(row) for row in observe(now, static)])
    for entry, values, row in zip(proposal.links, expected, now.links, strict=True):
        mask = legal(row, static.of(row.link))
        best = max(range(len(ACTIONS)), key=lambda i: (mask[i], values[i], -i))
        assert entry.action == ACTIONS[best].name
        assert entry.margin == values[best] - values[0]
    assert proposal.policy == POLICY.identity == vet(build(LAYERS, {})).sha256


def test_network_without_links_gives_an_empty_proposal() -> None:
    assert POLICY.propose(state().model_copy(update={"links": ()}), table()).links == ()


@pytest.mark.parametrize("shape", [(1, len(FEATURES) - 1), (1, 1), (3, 1), (len(FEATURES),), (1, 1, len(FEATURES))])
def test_wrong_shape_is_a_failure_not_a_crash(shape: tuple[int, ...]) -> None:
    with pytest.raises(PolicyFailure, match="expected") as failure:
        POLICY.values(np.zeros(shape))
    assert failure.value.code == "runtime"
    assert np.shape(POLICY.values(np.zeros((2, len(FEATURES))))) == (2, len(ACTIONS))


def test_values_that_were_given_stay_when_the_next_are_asked_for() -> None:
    session = BoundSession(build(LAYERS, {}))
    rows = np.random.default_rng(1).integers(-LARGEST * GRID, LARGEST * GRID + 1, (2, 5, len(FEATURES))) / GRID
    first = session.run(rows[0])
    before = first.copy()
    second = session.run(rows[1])
    assert (first == before).all()
    assert (first != second).any()


def test_a_session_that_once_had_no_memory_works_again(monkeypatch: pytest.MonkeyPatch) -> None:
    session = BoundSession(build(LAYERS, {}))
    rows = np.random.default_rng(3).integers(-LARGEST * GRID, LARGEST * GRID + 1, (7, len(FEATURES))) / GRID
    expected = BoundSession(build(LAYERS, {})).run(rows)
    with monkeypatch.context() as broken:
        broken.setattr(onnxruntime.IOBinding, "bind_output", lambda *_: (_ for _ in ()).throw(MemoryError))
        with pytest.raises(MemoryError):
            session.run(rows)
    assert (session.run(rows) == expected).all()
    assert (session.run(rows[:1]) == expected[:1]).all()


def test_threads_that_ask_at_once_each_get_their_own_values() -> None:
    rows = np.random.default_rng(2).integers(-LARGEST * GRID, LARGEST * GRID + 1, (300, len(FEATURES))) / GRID
    batches = [rows[place : place + 1 + place % 3] for place in range(290)]
    alone = [POLICY.values(batch) for batch in batches]
    with ThreadPoolExecutor(4) as threads:
        together = list(threads.map(POLICY.values, batches))
    for one, other in zip(alone, together, strict=True):
        np.testing.assert_array_equal(one, other)


def test_bytes_the_runtime_cannot_load_are_a_failure() -> None:
    with pytest.raises(PolicyFailure, match="cannot load") as failure:
        OnnxPolicy(VettedPolicy(b"no model", "0" * 64, LAYERS, 1, {}))
    assert failure.value.code == "runtime"


def test_a_bound_that_the_network_breaks_is_found_at_the_first_run() -> None:
    good = vet(build(LAYERS, {}))
    with pytest.raises(PolicyFailure) as failure:
        OnnxPolicy(VettedPolicy(good.data, good.sha256, good.layers, 0, {}))
    assert failure.value.code == "out-of-bounds"


def good_values(links: int = 2) -> np.ndarray:
    return np.full((links, len(ACTIONS)), 3 / GRID)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e30, -1e30, 1e-30, 0.1, 101 / GRID])
@pytest.mark.parametrize(("links", "place"), [(2, (0, 0)), (2, (1, len(ACTIONS) - 1)), (70, (0, 0)), (70, (69, 4))])
def test_one_bad_value_anywhere_fails_all(bad: float, links: int, place: tuple[int, int]) -> None:
    values = good_values(links)
    values[place] = bad
    with pytest.raises(PolicyFailure) as failure:
        checked(values, links, value_bound=100)
    expected = "not-finite" if not np.isfinite(bad) else "out-of-bounds" if abs(bad) > 100 / GRID else "off-grid"
    assert failure.value.code == expected


@pytest.mark.parametrize(
    "values",
    [
        None,
        [[0.0] * len(ACTIONS)] * 2,
        good_values()[:1],
        good_values()[:, 1:],
        good_values().reshape(-1),
        good_values()[np.newaxis],
        good_values().astype(np.float32),
        good_values().astype(np.int64),
        good_values().astype(object),
        good_values().astype(np.complex128),
    ],
)
def test_wrong_shape_or_type_fails(values: object) -> None:
    with pytest.raises(PolicyFailure) as failure:
        checked(values, 2, value_bound=100)
    assert failure.value.code == "shape"


@given(
    hnp.arrays(
        np.float64,
        st.tuples(st.integers(1, 20), st.just(len(ACTIONS))),
        elements=st.one_of(st.floats(), st.integers(-200, 200).map(lambda value: value / GRID)),
        fill=st.integers(-100, 100).map(lambda value: value / GRID),
    )
)
def test_what_passes_is_finite_on_the_grid_and_within_the_bound(values: np.ndarray) -> None:
    good = np.isfinite(values) & (np.abs(values) <= 100 / GRID)
    good[good] = values[good] * GRID % 1 == 0
    if good.all():
        assert (checked(values, len(values), value_bound=100) / GRID == values).all()
    else:
        with pytest.raises(PolicyFailure):
            checked(values, len(values), value_bound=100)
