"""Float tests run locally: they accuse who forges decoys, never the honest, and never in two voices."""

import pytest

from qkdctl.evidence.accusations import NODES_SOLVED, SETTINGS_TESTED, accusations
from qkdctl.evidence.decoy_claims import DecoyClaim
from qkdctl.records.facts import LinkTable
from qkdctl.records.report import NodeReport
from qkdctl.records.session import SessionRecord
from tests.evidence.decoys import counted, decoys
from tests.records.samples import end_report, facts, report, table

FACTS = facts(alice="a", bob="b")
LOTS = [str(number) for number in range(30)]


def of_node(node: str, *records: SessionRecord, link: str) -> NodeReport:
    renamed = [record.model_copy(update={"link": link}) for record in records]
    end = end_report(renamed[0], link=link).model_copy(update={"sessions": tuple(renamed)})
    return report(4, end, node=node)


def star(leaves: int) -> LinkTable:
    """A link from each of the nodes n0, n1, ... to a hub."""
    return table(*(facts(f"l{number:02}", alice=f"n{number}", bob="hub") for number in range(leaves)))


def at_setting(record: SessionRecord, mean_e6: int) -> SessionRecord:
    return record.model_copy(update={"mean_photon_numbers_e6": (mean_e6, 50_000, 0)})


@pytest.fixture
def solved(monkeypatch: pytest.MonkeyPatch) -> list[DecoyClaim]:
    """Claims for which a linear program was solved."""
    found: list[DecoyClaim] = []
    solve = DecoyClaim.is_explained

    def watched(claim: DecoyClaim, significance: float) -> bool:
        found.append(claim)
        return solve(claim, significance)

    monkeypatch.setattr(DecoyClaim, "is_explained", watched)
    return found


def test_the_end_that_makes_the_claim_is_accused_and_nobody_accuses_himself() -> None:
    lied, true = decoys(counted(1), 8.0), counted(1, end="bob")
    reports = [
        report(4, end_report(lied), node="a"),
        report(4, end_report(true, end="bob"), node="b"),
    ]
    known = table(FACTS)
    [found] = accusations("b", reports, known, "lot")
    assert (found.node, found.kind, found.epoch, found.subject) == ("a", "impossible-claim", 4, "alice-bob")
    assert accusations("a", reports, known, "lot") == ()


def test_nobody_is_accused_of_records_that_he_does_not_vouch_for_or_of_ends_that_are_not_his() -> None:
    lied = decoys(counted(1), 8.0)
    for other in (
        report(4, end_report(lied, trusted=0), node="a"),
        report(4, end_report(lied), node="b"),
        report(4, end_report(lied.model_copy(update={"link": "x"}), link="x"), node="a"),
    ):
        assert accusations("c", [other], table(FACTS), "lot") == ()


def test_all_ends_are_tested_in_every_epoch_and_the_honest_without_a_linear_program(solved: list[DecoyClaim]) -> None:
    honest = [
        of_node(f"n{number}", counted(number, 10 ** -(1 + number / 4)), link=f"l{number:02}") for number in range(11)
    ]
    assert accusations("me", honest, star(11), "lot") == ()
    assert not solved
    for liar in range(11):
        lied = [
            *honest[:liar],
            of_node(f"n{liar}", decoys(counted(liar), 8.0), link=f"l{liar:02}"),
            *honest[liar + 1 :],
        ]
        [found] = accusations("me", lied, star(11), "lot")
        assert (found.node, found.subject) == (f"n{liar}", f"l{liar:02}")


def test_however_much_liars_claim_no_epoch_takes_more_than_a_few_linear_programs(solved: list[DecoyClaim]) -> None:
    lies = [at_setting(decoys(counted(number), 8.0), 250_000 + number) for number in range(20)]
    reports = [of_node(f"n{number}", *lies, link=f"l{number:02}") for number in range(4)]
    found = accusations("me", reports, star(4), "lot")
    assert len(found) == len(solved) == NODES_SOLVED
    assert len({entry.node for entry in found}) == NODES_SOLVED


def test_every_node_draws_the_same_claims_of_others(solved: list[DecoyClaim]) -> None:
    reports = [of_node(f"n{number}", decoys(counted(number), 8.0), link=f"l{number:02}") for number in range(5)]
    drawn = set(accusations("me", reports, star(5), "lot"))
    assert set(accusations("hub", reversed(reports), star(5), "lot")) == drawn
    for entry in drawn:
        assert set(accusations(entry.node, reports, star(5), "lot")) == drawn - {entry}


def test_no_claim_is_safe_behind_others_but_which_are_tested_is_up_to_the_lot() -> None:
    reports = [of_node(f"n{number}", decoys(counted(number), 8.0), link=f"l{number:02}") for number in range(4)]
    seen = [accusations("me", reports, star(4), lot) for lot in LOTS]
    assert {entry.node for found in seen for entry in found} == {"n0", "n1", "n2", "n3"}
    mixed = [at_setting(counted(number), 250_000 + number) for number in range(2 * SETTINGS_TESTED)]
    hidden = of_node("n0", *mixed, at_setting(decoys(counted(9), 8.0), 300_000), link="l00")
    caught = [lot for lot in LOTS if accusations("me", [hidden], star(1), lot)]
    assert 0 < len(caught) < len(LOTS)


def test_many_strange_claims_of_one_node_do_not_hide_those_of_another() -> None:
    noise = [at_setting(decoys(counted(number), 8.0), 250_000 + number) for number in range(20)]
    reports = [of_node("n0", *noise, link="l00"), of_node("n1", decoys(counted(1), 8.0), link="l01")]
    for lot in LOTS[:5]:
        assert [entry.node for entry in accusations("me", reports, star(2), lot)] == ["n0", "n1"]
