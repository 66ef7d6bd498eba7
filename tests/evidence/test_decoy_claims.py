"""What decoy counts claim: the honest are believed at little cost, forgers are not, and nothing makes the test fail."""

from typing import Any

import numpy as np
import pytest

from qkdctl.evidence.accusations import ACCUSING, OWN
from qkdctl.evidence.decoy_claims import contradiction, decoy_claims, unusual
from qkdctl.records.session import BasisCounts
from tests.evidence.decoys import MUS, counted, decoys
from tests.records.samples import facts, session

FACTS = facts(alice="a", bob="b")


@pytest.mark.parametrize("transmittance", [0.3, 0.03, 1e-4, 1e-7])
@pytest.mark.parametrize("background", [1e-8, 2e-7, 1e-4])
def test_honest_counts_are_explained_even_by_the_stricter_test_of_oneself(
    transmittance: float, background: float
) -> None:
    for seed in range(3):
        assert contradiction(FACTS, [counted(seed, transmittance, background)], OWN) == ""


@pytest.mark.parametrize("factor", [0.05, 8.0])
def test_forged_decoys_are_found(factor: float) -> None:
    assert "yields explain" in contradiction(FACTS, [decoys(counted(1), factor)], ACCUSING)


def test_what_is_rejected_by_others_is_rejected_by_oneself_before() -> None:
    for factor in np.linspace(0.05, 3.0, 12):
        record = decoys(counted(2), float(factor))
        assert not contradiction(FACTS, [record], ACCUSING) or contradiction(FACTS, [record], OWN)


@pytest.mark.parametrize(
    "changes",
    [
        {"mean_photon_numbers_e6": (250_000,)},
        {"mean_photon_numbers_e6": (2**63 - 1, 5, 0)},
        {"mean_photon_numbers_e6": (0, 0, 0)},
        {"z": BasisCounts(sent=(0, 0, 0), detected=(0, 0, 0), errors=(0, 0, 0))},
        {"z": BasisCounts(sent=(2**63 - 1,) * 3, detected=(2**63 - 1,) * 3, errors=(2**63 - 1,) * 3)},
    ],
)
def test_no_record_makes_the_test_itself_fail(changes: dict[str, Any]) -> None:
    assert isinstance(contradiction(FACTS, [session(**changes)], ACCUSING), str)


def test_counts_of_one_setting_are_one_claim_and_their_sum() -> None:
    other = counted(3).model_copy(update={"mean_photon_numbers_e6": (300_000, 60_000, 0)})
    first, second = decoy_claims(FACTS, [counted(1), other, counted(2)])
    assert first.mean_photon_numbers_e6 == MUS
    assert np.asarray(first.tally.detected)[0, 1] == counted(1).z.detected[1] + counted(2).z.detected[1]
    assert np.asarray(first.tally.errors)[1, 0] == counted(1).x.errors[0] + counted(2).x.errors[0]
    assert np.asarray(second.tally.sent)[1].tolist() == list(other.x.sent)


def test_the_calibration_uncertainty_is_the_tolerance_between_one_and_five_percent() -> None:
    for ppm, tolerance in ((0, 0.01), (20_000, 0.02), (100_000, 0.05)):
        [claim] = decoy_claims(facts(calibration_uncertainty_ppm=ppm), [counted(1)])
        assert claim.tolerance == tolerance


def test_claims_of_any_numbers_of_intensities_are_sifted_together_and_only_the_forged_remain() -> None:
    two = BasisCounts(sent=(10**8, 10**8), detected=(10**6, 10**4), errors=(10**4, 5000))
    pair = session(mean_photon_numbers_e6=(200_000, 0), z=two, x=two)
    records = [counted(1), decoys(counted(2), 8.0), pair, counted(3), decoys(counted(4), 0.05)]
    claims = [claim for record in records for claim in decoy_claims(FACTS, [record])]
    assert unusual(claims, ACCUSING) == [1, 4]
    assert [claim.is_explained(ACCUSING) for claim in claims] == [True, False, True, True, False]
    assert unusual([], ACCUSING) == []


def test_nothing_of_what_the_quick_test_passes_is_a_contradiction() -> None:
    for factor in np.linspace(0.8, 1.25, 10):
        for claim in decoy_claims(FACTS, [decoys(counted(5), float(factor))]):
            assert unusual([claim], OWN) or not claim.contradiction(OWN)
