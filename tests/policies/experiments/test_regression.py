"""Slopes that are known are found again, and what does not vary is left out."""

import numpy as np
import pytest

pytest.importorskip("statsmodels")

from qkdctl_policies.experiments.regression import regressions

NAMES = ["Byzantine nodes, per tenth of all", "loss of a link, per dB", "load, per tenth"]


def rows(seeds=30, networks=((3.0, "near"), (8.0, "far")), loads=(0.3, 0.6), attack="overt", **more):
    """Secure share 1 - 0.04 liars - 0.02 (loss - 3) - 0.3 load, and an error rate of 0.01 + 0.001 (loss - 3)."""
    rng = np.random.default_rng(1)
    for seed in range(seeds):
        for loss, network in networks:
            weather = rng.normal(0, 0.01)
            for load in loads:
                for liars in (0, 1, 2):
                    share = 1 - 0.04 * liars - 0.02 * (loss - 3) - 0.3 * load + weather + rng.normal(0, 0.005)
                    yield {
                        "arm": "both", "seed": seed, "network": network, "load": load, "loss_db": loss,
                        "attack": attack,
                        "nodes": 10, "byzantine_nodes": ["x"] * liars,
                        "demands": [
                            {"honest": True, "asked": 10**6, "secure": round(10**6 * share)},
                            {"honest": False, "asked": 10**6, "secure": 0},
                        ],
                        "accepted": {"bb84": {"z": {
                            "errors": round(1e7 * (0.01 + 0.001 * (loss - 3) + 0.1 * rng.normal(0, 0.001))),
                            "clicks": 10**7,
                        }}},
                    } | more  # fmt: skip


def test_known_slopes_are_found_with_honest_intervals():
    share, errors = regressions(rows(), ["both"])
    assert (share.rows, share.groups) == (360, 60)
    assert [term.name for term in share.terms] == NAMES
    for term, slope in zip(share.terms, (-0.04, -0.02, -0.03), strict=True):
        assert term.low < slope < term.high
        assert term.high - term.low < 0.01
        assert term.p < 1e-3
        assert term.inflation == pytest.approx(1, abs=0.01)
    assert share.r_squared > 0.9
    by_name = {term.name: term for term in errors.terms}
    assert by_name[NAMES[1]].low < 0.001 < by_name[NAMES[1]].high
    assert by_name[NAMES[0]].low < 0 < by_name[NAMES[0]].high


def test_what_does_not_vary_is_left_out():
    share, _ = regressions(rows(networks=((3.0, "near"),), loads=(0.3,)), ["both"])
    assert [term.name for term in share.terms] == NAMES[:1]


@pytest.mark.parametrize(
    "some", [list(rows(seeds=2)), list(rows(attack="tamper-2")), list(rows(loss_db=None)), list(rows(arm="abft")), []]
)
def test_few_rows_attacks_on_fibres_rows_without_loss_and_other_arms_give_nothing(some):
    assert regressions(some, ["both"]) == []
