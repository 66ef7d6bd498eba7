"""Verdicts follow rules that were fixed before."""

from pathlib import Path

import pytest
from qkdctl_policies.experiments.claims import LEAST_SLOTS, paper_claims
from qkdctl_policies.experiments.cost import CostError, linear_load, read_cost
from qkdctl_policies.experiments.document import document_of
from qkdctl_policies.experiments.paper_page import paper_page
from qkdctl_policies.experiments.report_page import report_page
from qkdctl_policies.experiments.scores import Rows
from qkdctl_policies.experiments.verdicts import Claim, Finding, at_least

from tests.policies.experiments.test_scores import calm, demand, row

SEEDS = range(5)
RESULTS = Path(__file__).parents[3] / "docs" / "results"


def rows(secure=100, attack="overt", seeds=SEEDS, **changes):
    made = []
    for seed in seeds:
        made += [
            row("both", demand(secure=secure, **changes), seed=seed, attack=attack),
            calm("both", demand(**changes), seed=seed),
            row("baseline", demand(secure=60), seed=seed, attack=attack),
            calm("baseline", demand(), seed=seed),
        ]
    return made


def verdict(made, claim):
    return next(one for one in paper_claims(Rows(made)) if one.claim.startswith(claim)).verdict


@pytest.mark.parametrize(("secure", "says"), [(97, "holds"), (95, "holds"), (94, "does not hold")])
def test_a_claim_holds_where_the_whole_interval_is_on_its_side(secure, says) -> None:
    assert verdict(rows(secure), "95 % of the key rate") == says


def test_a_claim_that_holds_under_one_attack_only_holds_where_it_does() -> None:
    mixed = [*rows(97), *(one for one in rows(50, attack="spy") if one["attack"] == "spy")]
    assert verdict(mixed, "95 % of the key rate") == "holds where"
    assert "**holds where**: net, load 0.3, 20 % overt |" in paper_page(document_of(mixed))


def test_what_no_row_shows_is_not_measured() -> None:
    assert verdict([], "95 % of the key rate") == "not measured yet"
    assert verdict(rows()[:8], "95 % of the key rate") == "not measured yet"
    assert verdict(rows(), "The load grows linearly") == "not measured yet"
    assert verdict(rows(), "The QBER is below 1 % (MDI") == "not measured yet"
    assert verdict(rows(), "The QBER is below 1 % (decoy BB84)") == "holds where"


COST = {"plan": {"core_nodes": [4, 100]}, "exponents": {"core/qkdctl": 0.93, "hub/qkdctl": 1.21}}


def test_comparisons_of_ten_seeds_can_show_something_and_those_of_five_say_that_they_cannot() -> None:
    def made(seeds, network):
        some = [row("baseline", demand(secure=40 + seed), seed=seed, network=network) for seed in range(seeds)]
        return [*some, *(row("both", demand(secure=90), seed=seed, network=network) for seed in range(seeds))]

    calmly = [calm(arm, demand(), seed=seed, network=name) for arm in ("baseline", "both")
              for name, seeds in (("many", 10), ("few", 5)) for seed in range(seeds)]  # fmt: skip
    document = document_of([*made(10, "many"), *made(5, "few"), *calmly])
    found = {
        one["setting"]: one for one in document["comparisons"] if (one["arm"], one["other"]) == ("both", "baseline")
    }
    many, few = (found[f"{name}, load 0.3, 20 % overt"] for name in ("many", "few"))
    assert (many["seeds"], few["seeds"], few["p"]) == (10, 5, None)
    assert many["p"] == pytest.approx(2 * 2 / 2**10)
    page = report_page(document)
    assert "| 5 | - |" in page


def test_the_load_is_judged_by_the_benchmark(tmp_path) -> None:
    [claim] = [one for one in paper_claims(Rows(rows()), COST) if one.claim.startswith("The load")]
    assert [(finding.where, finding.holds) for finding in claim.findings] == [
        ("the agreement alone, to 100 nodes", True), ("whole nodes over memory, to 100 nodes", False)]  # fmt: skip
    page = paper_page(document_of(rows(), COST))
    assert "| N^0.93 to N^1.21 in 2 settings |" in page
    assert "| whole nodes over memory, to 100 nodes | N^1.21 | - | no |" in page
    (tmp_path / "other.json").write_text("{}")
    with pytest.raises(CostError, match=r"other\.json: expected what the benchmark"):
        read_cost(tmp_path / "other.json")


def test_the_shipped_result_of_the_benchmark_is_one() -> None:
    assert linear_load(read_cost(RESULTS / "bench-agreement.json")).verdict != "not measured yet"


def test_a_range_of_liars_is_judged_by_rows_of_the_whole_range_only() -> None:
    claim = "95 % is kept under 10 to 30 %"
    assert verdict(rows(), claim) == "not measured yet"
    ends = [one | {"byzantine": share} for share in (0.1, 0.3) for one in rows() if one["attack"] != "none"]
    assert verdict([*rows(), *ends], claim) == "holds"
    far = [one | {"network": "far", "byzantine": 0.1} for one in rows(50) if one["attack"] != "none"]
    assert verdict([*rows(), *ends, *far], claim) == "holds", "what was run at a tenth alone says nothing of the range"


def test_no_outage_in_a_few_slots_shows_nothing_and_one_in_each_seed_does() -> None:
    claim = "Keys are available 99.99 % of the time (verified)"
    assert verdict([], claim) == "not measured yet"
    assert verdict(rows(), claim) == "not shown"
    assert verdict(rows(served=9), claim) == "does not hold"
    many = LEAST_SLOTS // len(SEEDS)
    long = [one | {"epochs": many} for one in rows(served=many, secure_slots=many)]
    assert verdict(long, claim) == "not shown", "slots of a seed depend on each other"
    long = [one | {"epochs": many} for one in rows(served=many, secure_slots=many, seeds=range(10))]
    assert verdict(long, claim) == "holds"


def test_few_errors_count_for_nothing_where_much_key_is_thrown_away_for_them() -> None:
    claim = "The QBER is below 1 % (decoy BB84)"
    few = {"bb84": {"z": {"errors": 1, "clicks": 1000}}}
    clean = [one | {"accepted": few, "made_bits": 100, "refused_bits": 5} for one in rows()]
    assert verdict(clean, claim) == "holds"
    assert verdict([one | {"refused_bits": 6} for one in clean], claim) == "does not hold"
    tapped = [one | {"attack": "tamper-2"} for one in clean if one["attack"] == "overt"]
    for refused, found in ((25, "holds"), (26, "does not hold")):
        assert verdict([one | {"refused_bits": refused} for one in tapped], claim) == found


def test_an_interval_with_the_limit_inside_shows_nothing() -> None:
    limit, found = at_least(0.9), []
    for low, high in ((0.9, 1.0), (0.8, 0.95), (0.7, 0.9), (0.7, 0.8)):
        found.append(Finding("somewhere", (low + high) / 2, low, high, limit.holds(low, high)))
    claim = Claim("of all", "", limit, tuple(found))
    assert [claim.status(finding) for finding in found] == ["yes", "open", "no", "no"]
    for some, verdict in ((found[:1], "holds"), (found[:2], "holds where"), (found[1:2], "not shown")):
        assert Claim("of some", "", limit, tuple(some)).verdict == verdict
    assert Claim("of some", "", limit, tuple(found[1:])).verdict == "does not hold"
    assert [one["status"] for one in claim.to_plain()["findings"]] == ["yes", "open", "no", "no"]


def test_main_settings_are_counted_apart() -> None:
    elsewhere = [one | {"configuration": f"{one['configuration']} far"} for one in rows(secure=50)]
    made = [one | {"network": "mesh-13"} for one in rows()] + [one | {"network": "chain-12"} for one in elsewhere]
    [line] = [
        line for line in paper_page(document_of(made)).splitlines() if "| 95 % of the key rate is kept under 20" in line
    ]
    assert "| 1 of 1 hold | **holds where**" in line


def test_the_setting_like_the_papers_has_liars_and_enough_seeds() -> None:
    def found(made):
        return document_of(made)["like_the_paper"]

    assert found(rows())["setting"] == "net, load 0.3, 20 % overt"
    assert found(rows(seeds=range(2))) is None
    assert found(rows(attack="tamper-2")) is None


def test_the_pages_print_every_claim_and_every_arm_that_ran() -> None:
    document = document_of(rows())
    assert all(f"| {one['claim']} |" in paper_page(document) for one in document["claims"])
    page = report_page(document)
    assert "| `both` | - | - | 100.0 % (100.0 to 100.0) | 100.0 % (100.0 to 100.0) | 100.0 % (100.0 to 100.0) |" in page
    assert "| `overt` | `both` | 5 of 5 | 4 |" in page
    assert "`both` - `baseline` | 40.0 % (40.0 to 40.0) | +1.00" in page
