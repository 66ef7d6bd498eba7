"""Scores from rows made by hand."""

import numpy as np
import pytest
from qkdctl_policies.experiments.rows_file import RowsError
from qkdctl_policies.experiments.score import Setting
from qkdctl_policies.experiments.scores import Rows

ATTACKED = Setting("net", 0.3, 0.2, "overt")


def demand(honest=True, asked=100, delivered=100, secure=100, served=10, secure_slots=10):
    return {"source": "a", "target": "b", "honest": honest, "asked": asked, "delivered": delivered, "secure": secure,
            "served_slots": served, "secure_slots": secure_slots}  # fmt: skip


def row(arm, *demands, attack="overt", byzantine=0.2, seed=1, epochs=10, **more):
    errors = {"bb84": {"z": {"errors": 1, "clicks": 100}, "x": {"errors": 0, "clicks": 0}}}
    return {"configuration": f"{arm}{attack}{byzantine}", "seed": seed, "network": "net", "load": 0.3,
            "byzantine": byzantine, "attack": attack, "arm": arm, "nodes": 5, "byzantine_nodes": ["x"],
            "epochs": epochs, "demands": list(demands), "accepted": errors, "qber_variance": 2.0,
            "realignments": 3, "made_bits": 5, "refused_bits": 0, "links": 8, "connectivity": 3, "honest_excluded": [],
            "honest_excluded_epochs": 0, "byzantine_excluded_from": {"x": 4}, **more}  # fmt: skip


def calm(arm, *demands, **more):
    return row(arm, *demands, attack="none", byzantine=0.0, **more)


@pytest.mark.parametrize(
    ("made", "says"),
    [
        ([row("both", demand(), seed=1)] * 2, "have seed 1 twice"),
        ([row("both", demand()), row("abft", demand(), epochs=40)], "differ in epochs"),
        ([row("both", demand()), row("both", demand(), configuration="other", seed=2)], "two configurations"),
        ([row("both", demand()), row("abft", demand(), links=9)], "seed 1 differ in links"),
        ([row("both", demand()), row("bound", demand(), attack="none", connectivity=4)], "seed 1 differ in links"),
        ([row("both", demand()), row("abft", demand() | {"target": "c"})], "differ in who asks for key"),
        ([row("both", demand()), row("abft", demand(asked=101))], "differ in key that is asked for"),
        ([row("both", demand()), calm("abft", demand(asked=101))], "differ in key that is asked for"),
        ([row("both", demand()), row("abft", demand(), byzantine_nodes=["y"])], "differ in Byzantine nodes"),
        ([row("both", demand(), loss_db=4.0), row("abft", demand(), loss_db=4.1)], "differ in loss"),
        ([row("both", demand(), load_bps=9.0), row("abft", demand(), load_bps=9.1)], "differ in key per second"),
    ],
)
def test_rows_that_do_not_belong_together_are_refused(made, says) -> None:
    with pytest.raises(RowsError, match=says):
        Rows(made)


def test_seeds_loads_and_shares_may_differ_and_older_rows_tell_less() -> None:
    rows = [row("both", demand(), loss_db=4.0, load_bps=9.0), row("both", demand(), seed=2, links=9, loss_db=5.0)]
    rows += [row("both", demand(asked=101), load=0.6, load_bps=18.0, configuration="load"), row("abft", demand())]
    rows += [row("both", demand(), byzantine=0.3, byzantine_nodes=["x", "y"])]
    rows += [row("dra", demand(), attack="tamper-2", byzantine_nodes=[], load_bps=9.0 + 1e-7)]
    assert len(Rows(rows).settings()) == 4


def test_the_rate_kept_counts_secure_keys_of_honest_demands_against_the_same_demands_without_attack() -> None:
    rows = Rows(
        [
            row("both", demand(secure=30), demand(honest=False, secure=99), demand(secure=60)),
            calm("both", demand(delivered=80), demand(delivered=1), demand(delivered=100)),
        ]
    )
    assert rows.rate_kept(ATTACKED, "both").each().tolist() == [90 / 180]


def test_demands_with_a_byzantine_end_move_no_score() -> None:
    def scores(liar):
        bound = row("bound", demand(), liar, attack="none")
        peace = calm("both", demand(), demand(asked=liar["asked"]))
        rows = Rows([row("both", demand(secure=50), liar), peace, bound])
        found = (
            rows.rate_kept(ATTACKED, "both"),
            rows.of_bound(ATTACKED, "both"),
            rows.availability(ATTACKED, "both", secure=True),
        )
        return [score.each().tolist() for score in found]

    assert scores(demand(honest=False)) == scores(demand(honest=False, asked=7, secure=0, served=0, secure_slots=0))


def test_delivering_keys_that_liars_read_scores_nothing_but_verified_availability() -> None:
    rows = Rows([row("both", demand(secure=0, secure_slots=0)), calm("both", demand()), row("bound", demand(),
                 attack="none")])  # fmt: skip
    assert rows.rate_kept(ATTACKED, "both").each().tolist() == [0]
    assert rows.of_bound(ATTACKED, "both").each().tolist() == [0]
    assert rows.availability(ATTACKED, "both", secure=True).each().tolist() == [0]
    assert rows.availability(ATTACKED, "both", secure=False).each().tolist() == [1]


def test_availability_is_the_share_of_slots_times_honest_demands() -> None:
    rows = Rows([row("both", demand(served=10), demand(served=5), demand(honest=False, served=0))])
    assert rows.availability(ATTACKED, "both", secure=False).each().tolist() == [15 / 20]


def test_a_seed_is_feasible_when_the_bound_carries_all_that_is_asked() -> None:
    rows = Rows(
        [row("bound", demand(secure=secure), attack="none", seed=seed) for seed, secure in enumerate((100, 90))]
    )
    assert rows.feasible(ATTACKED) == (1, 2)


def test_only_seeds_that_both_sides_have_are_paired() -> None:
    both = [row("both", demand(secure=seed * 10), seed=seed) for seed in (1, 2, 3)]
    base = [row("baseline", demand(secure=5), seed=seed) for seed in (2, 3, 4)]
    one, other = Rows([*both, *base]).paired(ATTACKED, "both", "baseline")
    assert one.tolist() == pytest.approx([0.2, 0.3])
    assert other.tolist() == pytest.approx([0.05, 0.05])


def test_one_name_for_two_networks_is_refused() -> None:
    mine, other = row("both", demand()), row("both", demand(), seed=2) | {"configuration": "another"}
    with pytest.raises(RowsError, match="net under overt with arm both have two configurations"):
        Rows([mine, other])


def test_seeds_without_an_honest_demand_count_nowhere() -> None:
    rows = Rows([row("both", demand(honest=False)), calm("both", demand())])
    assert rows.rate_kept(ATTACKED, "both") is None


def test_errors_are_pooled_by_protocol_and_basis() -> None:
    rows = Rows([row("both", demand(), seed=1), row("both", demand(), seed=2), row("dra", demand(), seed=1)])
    found = rows.accepted_errors("both", "net", "overt")
    assert found["bb84", "z"].each().tolist() == [0.01, 0.01]
    assert np.isfinite(found["bb84", "x"].interval().mean)


def test_key_thrown_away_is_told_by_seed() -> None:
    made = [row("both", demand(), seed=seed, refused_bits=refused) for seed, refused in ((1, 1), (2, 3))]
    other = [one | {"load": 0.6, "configuration": "other"} for one in made]
    assert Rows([*made, *other]).refused("both", "net", "overt").each().tolist() == [0.2, 0.6]


def test_networks_of_one_graph_count_once_when_nodes_are_excluded() -> None:
    def of(network, graph, *excluded):
        return row(
            "both", demand(), network=network, configuration=network, graph=graph, honest_excluded=list(excluded)
        )

    rows = Rows([of("a", "one", "y"), of("b", "one", "y", "z"), of("c", "two"), of("d", "one")])
    score = rows.excluded("both", rows.settings())
    assert sorted(zip(score.above.tolist(), score.below.tolist(), strict=True)) == [(0, 4), (2, 4)]


def test_the_interval_holds_the_ratio_of_the_sums() -> None:
    rows = Rows([row("both", demand(served=served), seed=seed) for seed, served in enumerate((10, 8, 9, 7, 10, 9))])
    interval = rows.availability(ATTACKED, "both", secure=False).interval()
    assert interval.mean == pytest.approx(53 / 60)
    assert interval.low < interval.mean < interval.high


def test_restoration_is_told_by_seed_where_rows_know_it() -> None:
    rows = Rows(
        [
            row("both", demand(), restoration_epochs=3),
            row("both", demand(), seed=2, restoration_epochs=None),
            row("abft", demand()),
        ]
    )
    assert rows.restoration(ATTACKED, "both") == [3, None]
    assert rows.restoration(ATTACKED, "abft") == []


def test_seeds_without_honest_demands_and_stories_too_short_were_not_restored() -> None:
    for one in (row("both", demand(honest=False), restoration_epochs=0), row("both", demand(), epochs=4)):
        assert Rows([one | {"restoration_epochs": one.get("restoration_epochs")}]).restoration(ATTACKED, "both") == []
