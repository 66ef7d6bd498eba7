"""Float tests run locally: they accuse who forges decoys, never the honest, and never in two voices."""

from typing import Any

import numpy as np
import pytest

from qkdctl.evidence.accusations import ACCUSING, OWN, TESTED_PER_EPOCH, accusations, contradiction, in_turn
from qkdctl.physics.bb84 import Channel, error_rate, gain
from qkdctl.records.session import BasisCounts, SessionRecord
from tests.records.samples import end_report, facts, report, session, table

FACTS = facts(alice="a", bob="b")
MUS = (250_000, 50_000, 0)


def counted(seed: int, transmittance: float = 0.03, background: float = 2e-7, **changes: Any) -> SessionRecord:
    """A second of an honest link, intensities off by up to the calibration uncertainty."""
    rng = np.random.default_rng(seed)
    channel = Channel(transmittance, background, 0.01)
    mus = np.array(MUS) / 1e6 * rng.uniform(0.98, 1.02, 3)
    bases = []
    for share in (0.8, 0.01):
        sent = (100_000_000 * share * np.array([0.8, 0.1, 0.1])).astype(np.int64)
        detected = rng.binomial(sent, gain(channel, mus))
        wrong = rng.binomial(detected, error_rate(channel, mus))
        bases.append(BasisCounts(**{k: tuple(map(int, v)) for k, v in
                                    {"sent": sent, "detected": detected, "errors": wrong}.items()}))  # fmt: skip
    return session(seed, z=bases[0], x=bases[1], **changes)


def decoys(record: SessionRecord, factor: float) -> SessionRecord:
    """The same with another number of decoy clicks."""
    z = record.z
    detected = (z.detected[0], round(z.detected[1] * factor), z.detected[2])
    errors = (z.errors[0], min(z.errors[1], detected[1]), z.errors[2])
    return record.model_copy(update={"z": z.model_copy(update={"detected": detected, "errors": errors})})


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


def test_the_end_that_makes_the_claim_is_accused_and_nobody_accuses_himself() -> None:
    lied, true = decoys(counted(1), 8.0), counted(1, end="bob")
    reports = [
        report(4, end_report(lied), node="a"),
        report(4, end_report(true, end="bob"), node="b"),
    ]
    known = table(FACTS)
    [found] = accusations("b", reports, known)
    assert (found.node, found.kind, found.epoch, found.subject) == ("a", "impossible-claim", 4, "alice-bob")
    assert accusations("a", reports, known) == ()


def test_nobody_is_accused_of_records_that_he_does_not_vouch_for_or_of_ends_that_are_not_his() -> None:
    lied = decoys(counted(1), 8.0)
    for other in (
        report(4, end_report(lied, trusted=0), node="a"),
        report(4, end_report(lied), node="b"),
        report(4, end_report(lied.model_copy(update={"link": "x"}), link="x"), node="a"),
    ):
        assert accusations("c", [other], table(FACTS)) == ()


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


def test_every_end_is_tested_in_turn_and_few_in_one_epoch() -> None:
    of_ten = table(*(facts(f"link-{number}") for number in range(10)))
    turns = [in_turn(epoch, of_ten) for epoch in range(10)]
    assert all(len(turn) == TESTED_PER_EPOCH for turn in turns)
    assert set().union(*turns) == {(entry.link, end) for entry in of_ten.links for end in ("alice", "bob")}
    assert in_turn(7, table()) == {("alice-bob", "alice"), ("alice-bob", "bob")}
