"""Where a link is short of key, demands make room for each other; and none moves for nothing.

In these networks no demand gains by leaving its link for its own sake: the other way is six hops long.
"""

import itertools
from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from qkdctl.records.route import RouteDemand, RoutePlan
from qkdctl.routing.agreed import PATIENCE_EPOCHS, plan_routes
from qkdctl.routing.carriers import carriers
from qkdctl.routing.choices import KeyNetwork
from qkdctl.routing.relief import GAIN_PERMILLE, Relief
from tests.routing.test_agreed import Network, demand, ways

SHORT, ROUND = "st", "sacdeft"
SMALL, LARGE = 300_000, 800_000
"""The large one fits on no way round."""
LARGE_ONE, SMALL_ONE = demand(demand="0", bits=LARGE), demand(demand="1", bits=SMALL)


def chain(nodes: str) -> list[str]:
    return [f"{one}-{two}" for one, two in itertools.pairwise(nodes)]


def crossing(key: int = 1_000_000, way: str = ROUND, *more: str) -> Network:
    """A link of so much key from s to t, and a way round on which every link makes half a million bits."""
    network = Network("s-t", *chain(way), *more)
    network.bits |= dict.fromkeys([*chain(way), *more], 500_000)
    network.bits["s-t"] = key
    return network


def settled(
    network: Network, *demands: RouteDemand, plans: Sequence[RoutePlan] = (), epochs: int = 12
) -> tuple[RoutePlan, ...]:
    for epoch in range(100, 100 + epochs):
        plans = network.plan(*demands, previous=plans, epoch=epoch)
    return tuple(plans)


def routes(plans: Sequence[RoutePlan]) -> list[str]:
    return ["+".join(ways(plan)) for plan in plans]


def test_a_new_demand_goes_round_at_once_where_another_has_no_other_way() -> None:
    network = crossing()
    assert routes(network.plan(LARGE_ONE, SMALL_ONE)) == [SHORT, ROUND]
    assert routes(network.plan(SMALL_ONE)) == [SHORT]


def test_a_demand_in_force_goes_round_after_some_epochs_and_stays_there() -> None:
    network = crossing()
    plans = network.plan(SMALL_ONE)
    for epoch in range(2, 2 + PATIENCE_EPOCHS - 1):
        plans = network.plan(LARGE_ONE, SMALL_ONE, previous=plans, epoch=epoch)
        assert routes(plans) == [SHORT, SHORT]
        assert [plan.crowding for plan in plans] == [0, epoch - 1]
    plans = network.plan(LARGE_ONE, SMALL_ONE, previous=plans, epoch=50)
    assert routes(plans) == [SHORT, ROUND]
    assert (plans[1].since, plans[1].crowding) == (50, 0)
    assert settled(network, LARGE_ONE, SMALL_ONE, plans=plans) == plans


def test_epochs_without_need_between_two_with_it_begin_the_count_anew() -> None:
    network = crossing(1_100_000)
    plans = before = network.plan(LARGE_ONE, SMALL_ONE)
    assert routes(before) == [SHORT, SHORT]
    for epoch in range(2, 20):
        network.bits["s-t"] = 1_100_000 if epoch % PATIENCE_EPOCHS == 0 else 900_000
        plans = network.plan(LARGE_ONE, SMALL_ONE, previous=plans, epoch=epoch)
    assert routes(plans) == routes(before)


def test_who_waits_is_not_hurried_by_need_elsewhere() -> None:
    other = "uvwxyzq"
    network = crossing(1_100_000, ROUND, "u-q", *chain(other))
    there = demand("u", "q", demand="2", bits=LARGE), demand("u", "q", demand="3", bits=SMALL)
    network.bits["u-q"] = 1_100_000
    plans = before = network.plan(LARGE_ONE, SMALL_ONE, *there)
    for epoch in range(2, 20):
        dips = ("s-t", "u-q")[epoch % 2]
        network.bits |= {"s-t": 1_100_000, "u-q": 1_100_000, dips: 900_000}
        plans = network.plan(LARGE_ONE, SMALL_ONE, *there, previous=plans, epoch=epoch)
    assert routes(plans) == routes(before) == [SHORT, SHORT, "uq", "uq"]


def test_a_link_that_many_could_leave_now_and_then_keeps_nobody_on_another() -> None:
    network = crossing(2_000_000, ROUND, "u-q", *chain("uvwxyzq"))
    crowd = [demand(demand=f"{number}", bits=250_000) for number in range(7)]
    there = demand("u", "q", demand="8", bits=LARGE), demand("u", "q", demand="9", bits=SMALL)
    network.bits["u-q"] = 1_200_000
    plans = before = settled(network, *crowd, *there)
    assert routes(plans) == [SHORT] * 7 + ["uq", "uq"]
    for epoch in range(200, 200 + PATIENCE_EPOCHS + 1):
        network.bits |= {"u-q": 1_000_000, "s-t": 0 if epoch % PATIENCE_EPOCHS == 0 else 2_000_000}
        plans = network.plan(*crowd, *there, previous=plans, epoch=epoch)
    assert routes(plans) == [*routes(before)[:-1], "uvwxyzq"]


def test_two_move_where_one_alone_gains_nothing() -> None:
    # the small one goes round over a-c, which another one has to leave for that
    network = crossing(1_000_000, ROUND, "a-g", "g-c")
    network.bits |= {"a-g": 270_000, "g-c": 270_000}
    aside = demand("a", "c", demand="2", bits=260_000)
    plans = settled(network, LARGE_ONE, SMALL_ONE, aside)
    assert routes(plans) == [SHORT, ROUND, "agc"]
    assert settled(network, LARGE_ONE, SMALL_ONE, aside, plans=plans) == plans


def test_one_moves_rather_than_two() -> None:
    # as before, and another demand of the short link can go round by itself
    network = crossing(1_300_000, ROUND, "a-g", "g-c", "u-s", *chain("ulmnopt"))
    network.bits |= {"a-g": 270_000, "g-c": 270_000}
    aside, alone = demand("a", "c", demand="2", bits=260_000), demand("u", "t", demand="3", bits=SMALL)
    plans = settled(network, LARGE_ONE, SMALL_ONE, aside, alone)
    assert routes(plans) == [SHORT, SHORT, "ac", "ulmnopt"]


def test_nobody_goes_round_over_a_relay_that_is_excluded_or_under_suspicion() -> None:
    network = crossing()
    network.excluded = {"d"}
    plans = settled(network, LARGE_ONE, SMALL_ONE)
    assert routes(plans) == [SHORT, SHORT]
    network.excluded = set()
    suspects = [{"node": "d", "epochs_left": 90}]
    doubted = [RoutePlan.model_validate(plan.to_plain() | {"suspects": suspects}, strict=False) for plan in plans]
    assert routes(settled(network, LARGE_ONE, SMALL_ONE, plans=doubted)) == [SHORT, SHORT]
    assert routes(settled(network, LARGE_ONE, SMALL_ONE, plans=plans)) == [SHORT, ROUND]


def test_nobody_goes_a_way_that_it_would_leave_again() -> None:
    network = crossing(1_000_000, "sacdefghijt")
    assert routes(settled(network, LARGE_ONE, SMALL_ONE)) == [SHORT, SHORT]


def test_a_suspect_that_has_no_link_any_more_is_in_nobodys_way() -> None:
    network = crossing(1_000_000, ROUND, "b-x")
    network.disputed = {"b-x"}
    suspects = [{"node": "x", "epochs_left": 90}]
    plans = [
        RoutePlan.model_validate(plan.to_plain() | {"suspects": suspects}, strict=False)
        for plan in settled(crossing(2_000_000), LARGE_ONE, SMALL_ONE)
    ]
    assert routes(settled(network, LARGE_ONE, SMALL_ONE, plans=plans, epochs=PATIENCE_EPOCHS)) == [SHORT, ROUND]


def test_a_gain_below_the_leeway_moves_nobody() -> None:
    leeway = SMALL * GAIN_PERMILLE // 1000
    network = crossing(LARGE + SMALL - leeway + 5)
    plans = settled(network, LARGE_ONE, SMALL_ONE)
    assert routes(plans) == [SHORT, SHORT]
    network.bits["s-t"] -= 5
    assert routes(settled(network, LARGE_ONE, SMALL_ONE, plans=plans)) == [SHORT, ROUND]


def test_who_went_round_sees_those_that_choose_later_and_does_not_return() -> None:
    network = crossing()
    small, large = demand(demand="0", bits=SMALL), demand(demand="1", bits=LARGE)
    plans = network.plan(small, large)
    assert routes(plans) == [ROUND, SHORT]
    assert settled(network, small, large, plans=plans) == plans


def test_a_demand_without_bits_minds_no_crowd() -> None:
    network = Network("s-t", "s-a", "a-t")
    network.bits |= {"s-a": 100_000, "a-t": 100_000}
    crowd = [demand(demand=f"{number}", bits=600_000) for number in range(2)]
    plans = settled(network, *crowd, demand(demand="9", bits=0))
    assert routes(plans)[-1] == SHORT


def test_moves_that_have_to_wait_leave_no_trace() -> None:
    network = crossing()
    demands = {one.demand: one for one in (LARGE_ONE, SMALL_ONE)}
    plans = {plan.demand: plan for plan in settled(crossing(2_000_000), LARGE_ONE, SMALL_ONE)}
    keys = KeyNetwork(carriers(network.state(), network.table), dict.fromkeys("sacdeft", 0), ())
    for plan in plans.values():
        keys.reserve(plan)
    lacking = keys.lacking_bits()
    relief = Relief(keys, demands, plans, {"0": {}, "1": {}}, 7)
    assert relief.run(lambda _: False) == (set(), {"1"})
    assert (relief.plans, keys.lacking_bits()) == (plans, lacking)
    assert Relief(keys, demands, plans, {"0": {}, "1": {}}, 7).run(lambda _: True) == ({"1"}, set())
    assert not any(keys.lacking_bits())


def relief_of(network: Network, *demands: RouteDemand) -> Relief:
    """For these demands, each on its shortest way for some time already."""
    keys = KeyNetwork(carriers(network.state(), network.table), dict.fromkeys("sacdefghijklmnopqtuvwxyz", 0), ())
    plans = {one.demand: network.plan(one)[0] for one in demands}
    for plan in plans.values():
        keys.reserve(plan)
    return Relief(keys, {one.demand: one for one in demands}, plans, {name: {} for name in plans}, 7)


def test_two_move_only_when_neither_has_to_wait() -> None:
    network = crossing(1_000_000, ROUND, "a-g", "g-c")
    network.bits |= {"a-g": 270_000, "g-c": 270_000}
    demands = LARGE_ONE, SMALL_ONE, demand("a", "c", demand="2", bits=260_000)
    for ripe in ("1", "2"):
        assert relief_of(network, *demands).run(lambda name, ripe=ripe: name == ripe) == (set(), {"1", "2"})
    assert relief_of(network, *demands).run(lambda _: True) == ({"1", "2"}, set())


def test_who_waits_keeps_nobody_else_from_moving() -> None:
    network = crossing(900_000, ROUND, "u-q", *chain("uvwxyzq"))
    network.bits["u-q"] = 1_000_000
    there = demand("u", "q", demand="2", bits=LARGE), demand("u", "q", demand="3", bits=SMALL)
    relief = relief_of(network, LARGE_ONE, SMALL_ONE, *there)
    assert relief.run(lambda name: name == "3") == ({"3"}, {"1"})


def test_lost_key_is_what_equal_sharing_loses() -> None:
    network = Network("s-t", "s-a", "a-t")
    network.bits |= {"s-a": 400_000, "a-t": 200_000}
    keys = KeyNetwork(carriers(network.state(), network.table), dict.fromkeys("sat", 0), ())
    (direct,) = network.plan(demand(bits=500_000))
    (over,) = network.plan(demand("s", "a", bits=400_000))
    around = over.model_copy(
        update={"paths": (direct.paths[0].model_copy(update={"nodes": ("s", "a", "t"), "links": ("s-a", "a-t")}),)}
    )
    keys.reserve(direct)
    assert keys.lost_bits(direct) == 0
    keys.reserve(around)
    assert keys.lost_bits(around) == 200_000, "the scarcest link of a path counts, and once"
    keys.reserve(over)
    assert keys.lost_bits(over) == 200_000
    both = {"paths": (*direct.paths, *around.paths)}
    assert keys.lost_bits(direct.model_copy(update={**both, "threshold": 1})) == 0
    assert keys.lost_bits(direct.model_copy(update={**both, "threshold": 2})) == 250_000


NODES = "abcdef"
PAIRS = ["-".join(pair) for pair in itertools.combinations(NODES, 2)]


@st.composite
def crowded(draw: st.DrawFn) -> tuple[Network, list[RouteDemand]]:
    network = Network(*draw(st.lists(st.sampled_from(PAIRS), min_size=4, max_size=11, unique=True)))
    network.bits = {link: draw(st.integers(1, 12)) * 100_000 for link in network.bits}
    nodes = sorted({node for link in network.bits for node in link.split("-")})
    ends = st.lists(st.sampled_from(nodes), min_size=2, max_size=2, unique=True)
    wants = st.integers(1, 6).map(lambda hundreds: hundreds * 100_000)
    count = draw(st.integers(2, 6))
    return network, [demand(*draw(ends), demand=f"d{number}", bits=draw(wants)) for number in range(count)]


@settings(max_examples=40, deadline=None)
@given(crowded())
def test_routes_settle_and_stay(case: tuple[Network, list[RouteDemand]]) -> None:
    network, demands = case
    plans = settled(network, *demands, epochs=20)
    again = settled(network, *demands, plans=plans, epochs=PATIENCE_EPOCHS + 1)
    assert routes(again) == routes(plans)


@settings(max_examples=50, deadline=None)
@given(crowded(), st.randoms(use_true_random=False))
def test_order_of_demands_and_of_their_plans_makes_no_difference(
    case: tuple[Network, list[RouteDemand]], random
) -> None:
    network, demands = case
    plans = settled(network, *demands, epochs=3)
    mixed, old = demands.copy(), [*plans]
    random.shuffle(mixed)
    random.shuffle(old)
    one = plan_routes(demands, network.state(200), network.table, plans)
    assert plan_routes(mixed, network.state(200), network.table, old) == one
