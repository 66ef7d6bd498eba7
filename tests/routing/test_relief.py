"""Where a link is short of key, demands make room for each other; and none moves for nothing."""

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from qkdctl.records.route import RoutePlan
from qkdctl.routing.agreed import PATIENCE_EPOCHS, plan_routes
from qkdctl.routing.relief import GAIN_PERMILLE
from tests.routing.test_agreed import KEY_BITS, Network, demand, ways

HALF_AND_A_BIT = 600_000
FULL = 1_000_000


def lacking(network: Network, plans: tuple[RoutePlan, ...]) -> int:
    """Key wanted of links beyond what they have."""
    wanted = dict.fromkeys(network.bits, 0)
    for plan in plans:
        for path in plan.paths:
            for link in path.links:
                wanted[link] += plan.bits
    return sum(max(0, wanted[link] - bits) for link, bits in network.bits.items())


def settled(network: Network, *demands, plans: tuple[RoutePlan, ...] = (), epochs: int = 12) -> tuple[RoutePlan, ...]:
    for epoch in range(2, 2 + epochs):
        plans = network.plan(*demands, previous=plans, epoch=epoch)
    return plans


def test_a_demand_leaves_the_only_link_of_another_at_once_when_both_are_new() -> None:
    network = Network("s-t", "s-a", "a-t", "s-b")
    first = demand(demand="1", bits=HALF_AND_A_BIT)
    only = demand("b", "t", demand="2", bits=HALF_AND_A_BIT)
    network.bits |= dict.fromkeys(["s-b"], 2 * KEY_BITS)
    network.bits["a-t"] = network.bits["s-a"] = HALF_AND_A_BIT
    one, two = network.plan(first, only)
    # what is left of s-t would do for neither beside the other
    assert lacking(network, (one, two)) == 0
    assert {*ways(one), *ways(two)} in ({"sat", "bst"}, {"st", "bsat"})


def test_a_demand_in_force_makes_room_after_some_epochs_and_stays_away() -> None:
    network = Network("s-t", "s-a", "a-t", "s-b")
    first = demand(demand="1", bits=HALF_AND_A_BIT)
    before = network.plan(first)
    assert ways(before[0]) == ["st"]
    second = demand("b", "t", demand="2", bits=HALF_AND_A_BIT)
    network.bits["a-t"] = HALF_AND_A_BIT
    # the second has nothing to gain from a way over a, and takes the shorter one
    network.bits["s-a"] = HALF_AND_A_BIT
    plans = before
    for epoch in range(2, 30):
        plans = network.plan(first, second, previous=plans, epoch=epoch)
        if lacking(network, plans) == 0:
            break
    assert epoch <= 2 + PATIENCE_EPOCHS
    assert settled(network, first, second, plans=plans) == plans


def test_two_move_where_one_alone_gains_nothing() -> None:
    # 1 may leave s-t only for the link of 2, which may leave that only for the long way over c and d
    network = Network("s-t", "s-a", "a-t", "a-c", "c-t", "s-b")
    network.bits |= {"s-b": 3 * KEY_BITS, "s-a": KEY_BITS, "a-t": FULL, "a-c": FULL, "c-t": FULL}
    blocked = demand("b", "t", demand="0", bits=FULL)
    one = demand(demand="1", bits=FULL)
    two = demand("a", "t", demand="2", bits=FULL)
    plans = settled(network, blocked, one, two)
    assert lacking(network, plans) == 0
    assert {path for plan in plans for path in ways(plan)} in (
        {"bst", "sat", "act"},
        {"bsat", "st", "act"},
        {"bst", "sact", "at"},
        {"bsact", "st", "at"},
    )


def test_nobody_moves_onto_a_relay_that_is_excluded_or_under_its_suspicion() -> None:
    network = Network("s-t", "s-a", "a-t", "s-b")
    network.bits["s-b"] = 2 * KEY_BITS
    demands = demand(demand="1", bits=HALF_AND_A_BIT), demand("b", "t", demand="2", bits=HALF_AND_A_BIT)
    network.excluded = {"a"}
    plans = settled(network, *demands)
    assert [ways(plan) for plan in plans] == [["st"], ["bst"]]
    network.excluded = set()
    assert lacking(network, settled(network, *demands, plans=plans)) == 0
    suspects = [{"node": "a", "epochs_left": 90}]
    doubted = tuple(RoutePlan.model_validate(plan.to_plain() | {"suspects": suspects}, strict=False) for plan in plans)
    assert [ways(plan) for plan in settled(network, *demands, plans=doubted)] == [["st"], ["bst"]]


def test_a_suspect_that_has_no_link_any_more_is_in_nobodys_way() -> None:
    network = Network("s-t", "s-a", "a-t", "s-b", "b-x")
    network.bits |= {"s-b": 2 * KEY_BITS, "s-a": 1000, "a-t": 1000}
    demands = demand(demand="1", bits=HALF_AND_A_BIT), demand("b", "t", demand="2", bits=FULL)
    suspects = [{"node": "x", "epochs_left": 90}]
    network.disputed = {"b-x"}
    plans = tuple(
        RoutePlan.model_validate(plan.to_plain() | {"suspects": suspects}, strict=False)
        for plan in network.plan(*demands)
    )
    assert [plan.suspects[0].node for plan in network.plan(*demands, previous=plans, epoch=2)] == ["x", "x"]


def test_a_gain_below_the_leeway_moves_nobody() -> None:
    # the second fits nowhere else; the first has a way round that is too long to take for its own sake
    network = Network("s-t", "s-a", "a-c", "c-d", "d-e", "e-f", "f-t")
    network.bits |= dict.fromkeys([link for link in network.bits if link != "s-t"], 500_000)
    demands = demand(demand="1", bits=300_000), demand(demand="2", bits=800_000)
    leeway = 300_000 * GAIN_PERMILLE // 1000
    network.bits["s-t"] = 1_100_000 - leeway + 1
    plans = settled(network, *demands)
    assert [ways(plan) for plan in plans] == [["st"], ["st"]]
    network.bits["s-t"] -= 1
    plans = settled(network, *demands, plans=plans)
    assert [ways(plan) for plan in plans] == [["sacdeft"], ["st"]]
    assert settled(network, *demands, plans=plans) == plans


NODES = "abcdef"
PAIRS = ["-".join(pair) for pair in itertools.combinations(NODES, 2)]


@st.composite
def crowded(draw: st.DrawFn) -> tuple[Network, list]:
    network = Network(*draw(st.lists(st.sampled_from(PAIRS), min_size=4, max_size=11, unique=True)))
    network.bits = {link: draw(st.integers(1, 12)) * 100_000 for link in network.bits}
    nodes = sorted({node for link in network.bits for node in link.split("-")})
    ends = st.lists(st.sampled_from(nodes), min_size=2, max_size=2, unique=True)
    wants = st.integers(1, 6).map(lambda hundreds: hundreds * 100_000)
    count = draw(st.integers(2, 6))
    return network, [demand(*draw(ends), demand=f"d{number}", bits=draw(wants)) for number in range(count)]


@settings(max_examples=40, deadline=None)
@given(crowded())
def test_routes_settle_and_stay(case) -> None:
    network, demands = case
    plans = settled(network, *demands, epochs=20)
    assert settled(network, *demands, plans=plans, epochs=PATIENCE_EPOCHS + 1) == plans


@settings(max_examples=50, deadline=None)
@given(crowded(), st.randoms(use_true_random=False))
def test_order_of_demands_and_of_their_plans_makes_no_difference(case, random) -> None:
    network, demands = case
    plans = settled(network, *demands, epochs=3)
    mixed, old = demands.copy(), [*plans]
    random.shuffle(mixed)
    random.shuffle(old)
    one = plan_routes(demands, network.state(9), network.table, plans)
    assert plan_routes(mixed, network.state(9), network.table, old) == one
