import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qkdctl.physics.consistency.disclosed_sample import against, against_overstatement, against_understatement
from qkdctl.physics.consistency.sample_size import expected_sample_size, hoeffding_sample_size

LINKS = 1500


def run(test, claimed, true, *, batches, batch):
    """Evidence about links with this true error rate, and the batches each waited for its accusation."""
    rng = np.random.default_rng(41)
    evidence, waiting = test.start((LINKS,)), np.zeros(LINKS)
    for _ in range(batches):
        evidence = test.update(evidence, claimed, batch, rng.binomial(batch, true, LINKS))
        waiting += ~test.accused(evidence)
    return evidence, waiting


def bits_to_accusation(test, claimed, true, *, batches, batch):
    evidence, waiting = run(test, claimed, true, batches=batches, batch=batch)
    assert test.accused(evidence).all()
    return batch * (waiting + 1)


@pytest.mark.parametrize(("claimed", "true", "bits"), [(0.01, 0.05, 335), (0.01, 0.25, 23)])
def test_expected_size_of_a_sequential_sample(claimed, true, bits):
    assert expected_sample_size(claimed, true, 1e-6) == pytest.approx(bits, abs=0.5)


def test_size_of_a_fixed_sample():
    assert hoeffding_sample_size(0.01, 0.05, 1e-6) == pytest.approx(4317, abs=0.5)


def test_a_lie_is_found_with_the_expected_number_of_bits():
    bits = bits_to_accusation(against(0.01, 0.05, significance=1e-6), 0.01, 0.05, batches=600, batch=5)
    # the last errors overshoot the bound by part of ln 5 each
    assert 335 < bits.mean() < 335 * 1.15


def test_not_knowing_the_lie_costs_little():
    bits = bits_to_accusation(against_understatement(significance=1e-6), 0.01, 0.05, batches=800, batch=5)
    assert bits.mean() < 335 * 1.6
    bits = bits_to_accusation(against_understatement(significance=1e-6), 0.01, 0.25, batches=80, batch=2)
    assert bits.mean() < 23 * 2


@pytest.mark.parametrize(
    ("test", "true"),
    [
        (against(0.02, 0.05, significance=1e-2), 0.02),
        (against_understatement(significance=1e-2), 0.02),
        (against_understatement(significance=1e-2), 0.015),
        (against_overstatement(significance=1e-2), 0.02),
        (against_overstatement(significance=1e-2), 0.025),
    ],
    ids=["one alternative", "understatement", "less than claimed", "overstatement", "more than claimed"],
)
def test_true_claims_are_accused_no_more_often_than_stated_however_often_one_looks(test, true):
    evidence, _ = run(test, 0.02, true, batches=400, batch=25)
    assert test.accused(evidence).sum() <= LINKS * 1e-2 + 5 * np.sqrt(LINKS * 1e-2)


def test_false_alarms_do_happen_at_a_lax_significance():
    test = against(0.02, 0.03, significance=0.2)
    evidence, _ = run(test, 0.02, 0.02, batches=200, batch=25)
    assert 0.05 * LINKS < test.accused(evidence).sum() <= 0.2 * LINKS + 5 * np.sqrt(0.16 * LINKS)


def test_claims_may_change_from_batch_to_batch():
    rng = np.random.default_rng(42)
    test = against_understatement(significance=1e-2)
    honest, lying = test.start((LINKS,)), test.start((LINKS,))
    for _ in range(200):
        rate = rng.uniform(0.005, 0.04, LINKS)
        honest = test.update(honest, rate, 50, rng.binomial(50, rate))
        lying = test.update(lying, rate / 3, 50, rng.binomial(50, rate))
    assert test.accused(honest).mean() <= 1.8e-2
    assert test.accused(lying).all()


def test_an_accusation_stays_even_if_the_link_mends():
    test = against(0.01, 0.05, significance=1e-6)
    evidence = test.update(test.start(), 0.01, 100, 30)
    assert test.accused(evidence)
    evidence = test.update(evidence, 0.01, 10**6, 0)
    assert test.accused(evidence)
    assert test.cleared(evidence, 1e-6)


def test_honest_links_are_cleared_and_liars_are_not():
    test = against(0.01, 0.05, significance=1e-6)
    honest, _ = run(test, 0.01, 0.01, batches=20, batch=100)
    lying, _ = run(test, 0.01, 0.05, batches=20, batch=100)
    assert test.cleared(honest, 1e-3).mean() > 0.99
    assert test.cleared(lying, 1e-3).mean() <= 1e-3 + 5 * np.sqrt(1e-3 / LINKS)


def test_a_finding_tells_the_likelihood_ratio():
    test = against(0.01, 0.25, significance=1e-6)
    found = test.check(test.update(test.start((2,)), 0.01, 40, [0, 10])).finding(1)
    assert found.test == "disclosed-sample"
    assert found.statistic > found.bound == pytest.approx(np.log(1e6))
    assert found.p_value == pytest.approx(np.exp(-found.statistic))


def test_links_without_a_batch_keep_their_evidence():
    test = against_understatement(significance=1e-6)
    before = test.update(test.start((2,)), 0.01, [50, 50], [3, 3])
    after = test.update(before, 0.01, [0, 50], [0, 3])
    assert after.log_ratios[0].tolist() == before.log_ratios[0].tolist()
    assert after.peak[1] > before.peak[1]


@given(st.floats(0.001, 0.4), st.floats(0.002, 0.49), st.lists(st.tuples(st.integers(0, 50), st.floats(0, 1))))
def test_the_ratio_is_that_of_the_likelihoods_in_any_batches(claimed, alternative, batches):
    test = against(claimed, alternative, significance=1e-3)
    evidence, sampled, wrong = test.start(), 0, 0
    for size, share in batches:
        errors = int(share * size)
        evidence = test.update(evidence, claimed, size, errors)
        sampled, wrong = sampled + size, wrong + errors
    ratio = wrong * np.log(alternative / claimed) + (sampled - wrong) * np.log((1 - alternative) / (1 - claimed))
    assert evidence.log_ratios[0] == pytest.approx(ratio, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize(
    ("claimed", "sampled", "errors", "words"),
    [(0.0, 1, 0, "claimed"), (1.0, 1, 0, "claimed"), (0.1, 1, 2, "errors"), (0.1, 1, -1, "errors")],
)
def test_impossible_batches_are_refused(claimed, sampled, errors, words):
    test = against_understatement(significance=1e-6)
    with pytest.raises(ValueError, match=words):
        test.update(test.start(), claimed, sampled, errors)
