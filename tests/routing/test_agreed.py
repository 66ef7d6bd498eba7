"""Every node plans the same routes, around whom it must not trust, and does not change them for noise."""

import itertools
from collections.abc import Iterable, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qkdctl.abft import quorum
from qkdctl.records.dispute import Dispute
from qkdctl.records.facts import LinkTable
from qkdctl.records.network import NetworkState
from qkdctl.records.relay import MOST_NODES
from qkdctl.records.route import RouteDemand, RoutePlan
from qkdctl.routing import agreed
from qkdctl.routing.agreed import PATIENCE_EPOCHS, plan_routes, route_table
from qkdctl.routing.carriers import GRACE_EPOCHS, SHORT_COST, Carrier, carriers
from tests.records import samples

KEY_BITS = 1_000_000
WANTED = 100_000


class Network:
    """Links named after their two nodes (`a-b`), all alike; tests change what differs.

    Attributes:
        bits: key made in the last epoch, by link.
        excluded, disputed: names of nodes and of links.
        quarrels: pairs of nodes in dispute about something else than a link.
    """

    def __init__(self, *links: str) -> None:
        self.bits = dict.fromkeys(sorted(links), KEY_BITS)
        self.excluded: set[str] = set()
        self.disputed: set[str] = set()
        self.quarrels: set[tuple[str, str]] = set()
        self.changes: dict[str, dict[str, Any]] = {}
        self.weights: dict[str, int] = {}
        facts = [samples.facts(link, alice=link.split("-")[0], bob=link.split("-")[1]) for link in self.bits]
        self.table: LinkTable = samples.table(*facts)

    def state(self, epoch: int = 1) -> NetworkState:
        rows = [samples.row(link, secret_key_bits=bits) for link, bits in self.bits.items()]
        state = samples.state_after(None, epoch, *rows, facts_of=self.table)
        links = [link.model_copy(update=self.changes.get(link.link, {})) for link in state.links]
        standings = [
            standing.model_copy(
                update={
                    "trust_ppm": 499_999 if standing.node in self.excluded else standing.trust_ppm,
                    "data_weight_e6": self.weights.get(standing.node, standing.data_weight_e6),
                }
            )
            for standing in state.standings
        ]
        ends = {("", *sorted(pair)) for pair in self.quarrels} | {(k, *sorted(k.split("-"))) for k in self.disputed}
        disputes = [Dispute(link=a, one=b, other=c, agreed_epochs_left=100) for a, b, c in sorted(ends)]
        update = {"links": tuple(links), "standings": tuple(standings), "disputes": tuple(disputes)}
        return state.model_copy(update=update)

    def plan(self, *demands: RouteDemand, previous: Sequence[RoutePlan] = (), epoch: int = 1) -> tuple[RoutePlan, ...]:
        return plan_routes(demands, self.state(epoch), self.table, previous)


def demand(source: str = "s", target: str = "t", **changes: Any) -> RouteDemand:
    values: dict[str, Any] = {"demand": f"{source}-{target}", "source": source, "target": target, "bits": WANTED}
    return RouteDemand(**(values | changes))


def ways(plan: RoutePlan) -> list[str]:
    return ["".join(path.nodes) for path in plan.paths]


DIAMOND = ("s-a", "a-t", "s-b", "b-t")


def test_fewer_hops_come_first_then_names() -> None:
    assert ways(Network(*DIAMOND, "s-t").plan(demand())[0]) == ["st"]
    assert ways(Network(*DIAMOND).plan(demand())[0]) == ["sat"]


def test_plentiful_key_and_few_errors_attract() -> None:
    network = Network(*DIAMOND)
    network.bits["s-a"] = WANTED
    assert ways(network.plan(demand())[0]) == ["sbt"]
    network = Network(*DIAMOND)
    series = network.state().links[0].qber_z.model_copy(update={"average": 60_000})
    network.changes["a-t"] = {"qber_z": series}
    assert ways(network.plan(demand())[0]) == ["sbt"]


def test_key_that_one_demand_takes_is_missing_to_the_next() -> None:
    network = Network(*DIAMOND)
    network.bits = dict.fromkeys(network.bits, WANTED)
    one, two = network.plan(demand(demand="b"), demand(demand="a"))
    assert (one.demand, ways(one)) == ("a", ["sat"])
    assert (two.demand, ways(two)) == ("b", ["sbt"])


def test_a_longer_way_with_enough_key_is_taken_before_keys_are_lost_on_a_short_one() -> None:
    network = Network("s-t", "s-a", "a-b", "b-t")
    network.bits["s-t"] = WANTED - 1
    assert ways(network.plan(demand())[0]) == ["sabt"]
    network.bits["s-t"] = WANTED
    assert ways(network.plan(demand())[0]) == ["st"]


def test_of_links_that_are_all_short_the_one_with_more_key_is_taken() -> None:
    network = Network(*DIAMOND)
    network.bits |= {"s-a": 0, "a-t": 0, "s-b": WANTED // 5, "b-t": WANTED // 5}
    assert ways(network.plan(demand())[0]) == ["sbt"]


def test_a_route_in_force_may_lack_some_of_the_key_of_its_link_before_it_is_left() -> None:
    network = Network("s-t", "s-a", "a-b", "b-t")
    plans = network.plan(demand())
    for share, way in ((87, "st"), (86, "sabt")):
        network.bits["s-t"] = share * WANTED // 100
        for epoch in range(2, 2 + PATIENCE_EPOCHS):
            plans = network.plan(demand(), previous=plans, epoch=epoch)
        assert ways(plans[0]) == [way]


def test_a_demand_that_shares_a_link_lacks_a_quarter_at_most() -> None:
    link = Carrier(("s", "t"), 10 * WANTED, 0)
    assert link.cost(WANTED, 75 * WANTED // 100, in_force=True) < SHORT_COST
    assert link.cost(WANTED, 74 * WANTED // 100, in_force=True) > SHORT_COST


def test_excluded_nodes_leave_scarce_key_to_others() -> None:
    network = Network("s-a", "a-t", "s-b", "b-c", "c-t", "l-s")
    network.bits |= {"s-a": 16 * WANTED // 10, "a-t": 16 * WANTED // 10}
    liar, honest = demand("l", "t", demand="a-liar"), demand("s", "t", demand="honest")
    assert [ways(plan) for plan in network.plan(liar, honest)] == [["lsat"], ["sbct"]]
    network.excluded = {"l"}
    assert [ways(plan) for plan in network.plan(liar, honest)] == [["lsbct"], ["sat"]]


def test_an_excluded_node_gets_no_route_that_takes_key_from_others_and_its_own_back_when_there_is_enough() -> None:
    network = Network("s-a", "a-t", "l-s")
    network.bits |= {"s-a": 16 * WANTED // 10, "a-t": 16 * WANTED // 10}
    network.excluded = {"l"}
    liar, honest = demand("l", "t", demand="a-liar"), demand("s", "t", demand="honest")
    plans = network.plan(liar, honest)
    assert [ways(plan) for plan in plans] == [[], ["sat"]]
    assert network.plan(liar, honest, previous=plans, epoch=2) == plans, "no new route in every epoch"
    network.bits["a-t"] = 19 * WANTED // 10
    assert [ways(plan) for plan in network.plan(liar, honest, previous=plans, epoch=3)] == [[], ["sat"]]
    network.bits |= {"s-a": 2 * WANTED, "a-t": 2 * WANTED}
    plans = network.plan(liar, honest, previous=plans, epoch=4)
    assert [ways(plan) for plan in plans] == [["lsat"], ["sat"]]
    network.bits["a-t"] = 19 * WANTED // 10
    assert [ways(plan) for plan in network.plan(liar, honest, previous=plans, epoch=5)] == [["lsat"], ["sat"]]


def test_an_excluded_node_takes_no_link_from_others_in_epochs_without_key_either() -> None:
    network = Network("s-a", "a-t", "l-s")
    network.bits |= {"s-a": 0, "a-t": 0}
    network.excluded = {"l"}
    plans = network.plan(demand("l", "t", demand="a-liar"), demand("s", "t", demand="honest"))
    assert [ways(plan) for plan in plans] == [[], ["sat"]]


def test_an_excluded_node_shares_with_nobody_what_nobody_else_wants() -> None:
    network = Network("l-s")
    network.bits["l-s"] = WANTED // 2
    network.excluded = {"l"}
    assert ways(network.plan(demand("l", "s"))[0]) == ["ls"]


def test_relays_of_little_data_weight_are_avoided() -> None:
    network = Network(*DIAMOND)
    network.weights["a"] = 400_000
    assert ways(network.plan(demand())[0]) == ["sbt"]


@pytest.mark.parametrize(
    "change",
    [{"mode": "fault"}, {"mode": "starting"}, {"invalid_epochs": GRACE_EPOCHS + 1}],
    ids=lambda change: next(iter(change.values())),
)
def test_links_that_make_no_key_carry_none(change: dict[str, Any]) -> None:
    network = Network(*DIAMOND)
    network.changes["s-a"] = change
    assert ways(network.plan(demand())[0]) == ["sbt"]
    network.changes["s-a"] = {"invalid_epochs": GRACE_EPOCHS}
    assert ways(network.plan(demand())[0]) == ["sat"]


def test_disputed_links_carry_nothing_even_when_there_is_no_other() -> None:
    network = Network("s-a", "a-t")
    network.disputed.add("s-a")
    (plan,) = network.plan(demand())
    assert plan.paths == ()


@pytest.mark.parametrize("pair", [("a", "t"), ("s", "a")])
def test_a_relay_in_dispute_with_an_end_relays_for_others_only(pair: tuple[str, str]) -> None:
    network = Network(*DIAMOND)
    network.quarrels = {pair}
    assert ways(network.plan(demand())[0]) == ["sbt"]
    network.quarrels = {("s", "t"), ("b", "z")}
    assert ways(network.plan(demand())[0]) == ["sat"]


def test_a_link_whose_ends_stand_at_one_node_is_no_hop() -> None:
    network = Network("s-t")
    facts = network.table.links[0].model_copy(update={"bob": "s"})
    table = network.table.model_copy(update={"links": (facts,)})
    assert carriers(network.state(), table) == {}


def test_excluded_nodes_relay_only_where_nobody_else_can() -> None:
    network = Network(*DIAMOND, "b-c", "c-t")
    network.excluded = {"a"}
    network.bits["b-t"] = 1
    (plan,) = network.plan(demand())
    assert (ways(plan), plan.distrusted) == (["sbct"], ())
    network.disputed = {"s-b"}
    (plan,) = network.plan(demand(), previous=[plan], epoch=2)
    assert (ways(plan), plan.distrusted, plan.since) == (["sat"], ("a",), 2)
    network.disputed = set()
    (plan,) = network.plan(demand(), previous=[plan], epoch=3)
    assert (ways(plan), plan.distrusted, plan.since) == (["sbct"], (), 3)


def test_one_excluded_relay_is_better_than_two_whatever_the_key() -> None:
    network = Network("s-x", "x-t", "s-a", "a-b", "b-t")
    network.excluded = {"x", "a", "b"}
    network.bits |= {"s-x": 0, "x-t": 0}
    assert ways(network.plan(demand())[0]) == ["sxt"]


def test_a_node_is_excluded_where_it_may_not_lead() -> None:
    assert agreed.EXCLUDED_BELOW_PPM == quorum.EXCLUDED_BELOW_PPM


def test_an_excluded_node_still_gets_its_own_keys() -> None:
    network = Network(*DIAMOND)
    network.excluded = {"s"}
    assert ways(network.plan(demand())[0]) == ["sat"]


def test_shares_travel_apart_and_over_fewer_paths_when_there_are_fewer() -> None:
    network = Network(*DIAMOND, "s-c", "c-t")
    wanted = demand(colluding=1, failing=1)
    (plan,) = network.plan(wanted)
    assert (sorted(ways(plan)), plan.threshold) == (["sat", "sbt", "sct"], 2)
    network.excluded = {"c"}
    (plan,) = network.plan(wanted)
    assert (sorted(ways(plan)), plan.threshold) == (["sat", "sbt"], 2)
    network.excluded = {"a", "b", "c"}
    (plan,) = network.plan(wanted)
    assert plan.distrusted == ("a", "b")
    network.disputed = {"s-a", "s-b"}
    (plan,) = network.plan(wanted)
    assert (plan.paths, plan.threshold) == ((), 2)


def test_a_link_between_the_ends_needs_no_shares() -> None:
    (plan,) = Network(*DIAMOND, "s-t").plan(demand(colluding=1))
    assert (ways(plan), plan.threshold) == (["st"], 1)


def test_a_path_is_never_longer_than_a_view_can_tell() -> None:
    chain = ["s", *(f"n{i:02}" for i in range(MOST_NODES)), "t"]
    network = Network("s-x", "x-t", *map("-".join, itertools.pairwise(chain)))
    network.bits |= {"s-x": 1, "x-t": 1}
    assert ways(network.plan(demand())[0]) == ["sxt"]
    assert Network(*map("-".join, itertools.pairwise(chain))).plan(demand())[0].paths == ()


def test_an_unknown_node_has_no_route() -> None:
    assert Network(*DIAMOND).plan(demand("s", "z"))[0].paths == ()


def test_two_demands_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="different names"):
        Network(*DIAMOND).plan(demand(), demand())


def test_a_route_that_has_nothing_better_says_whom_it_has_to_trust() -> None:
    network = Network("s-a", "a-t")
    (plan,) = network.plan(demand())
    network.excluded = {"a"}
    assert network.plan(demand(), previous=[plan], epoch=2) == (plan.model_copy(update={"distrusted": ("a",)}),)


def test_a_path_more_for_the_shares_is_worth_a_change() -> None:
    network, wanted = Network(*DIAMOND, "s-c", "c-t"), demand(colluding=1, failing=1)
    network.changes["c-t"] = {"mode": "fault"}
    plans = network.plan(wanted)
    network.changes.clear()
    for epoch in (2, 3, 4):
        assert len(plans[0].paths) == 2
        plans = network.plan(wanted, previous=plans, epoch=epoch)
    assert (len(plans[0].paths), plans[0].since) == (3, 4)


def test_a_route_stays_until_another_is_clearly_better_for_some_epochs_in_a_row() -> None:
    network = Network(*DIAMOND)
    network.excluded = {"s"}
    (plan,) = network.plan(demand())
    network.bits["s-a"] = WANTED // 2
    for epoch in (2, 3):
        (plan,) = network.plan(demand(), previous=[plan], epoch=epoch)
        assert (ways(plan), plan.since, plan.challenged) == (["sat"], 1, epoch - 1)
    network.bits["s-a"] = KEY_BITS
    (plan,) = network.plan(demand(), previous=[plan], epoch=4)
    assert (ways(plan), plan.challenged) == (["sat"], 0)
    network.bits["s-a"] = WANTED // 2
    for epoch in (5, 6, 7):
        (plan,) = network.plan(demand(), previous=[plan], epoch=epoch)
    assert (ways(plan), plan.since, plan.challenged) == (["sbt"], 7, 0)


@pytest.mark.parametrize("harm", ["disputed", "excluded", "fault", "rewired", "amount", "shares", "ends"])
def test_a_broken_route_is_left_at_once(harm: str) -> None:
    network, wanted = Network(*DIAMOND, "s-u", "u-a"), demand()
    (plan,) = network.plan(wanted)
    if harm == "disputed":
        network.disputed.add("a-t")
    elif harm == "excluded":
        network.excluded.add("a")
    elif harm == "fault":
        network.changes["s-a"] = {"mode": "fault"}
    elif harm == "rewired":
        path = plan.paths[0].model_copy(update={"nodes": ("s", "u", "t")})
        plan = plan.model_copy(update={"paths": (path,)})
    elif harm == "amount":
        wanted = demand(bits=2 * WANTED)
    elif harm == "shares":
        wanted = demand(colluding=1)
    else:
        wanted = demand("u", "t", demand="s-t")
    (later,) = network.plan(wanted, previous=[plan], epoch=2)
    assert later.since == 2
    outcome = {"rewired": ["sat"], "amount": ["sat"], "shares": ["sat", "sbt"], "ends": ["uat"]}
    assert (ways(later), later.bits) == (outcome.get(harm, ["sbt"]), wanted.bits)


def test_a_demand_that_stays_without_a_route_is_no_news() -> None:
    network = Network("s-a", "b-t")
    (plan,) = network.plan(demand())
    assert network.plan(demand(), previous=[plan], epoch=2) == (plan,)


def test_each_node_is_told_the_routes_that_lead_through_it() -> None:
    network = Network(*DIAMOND)
    plans = network.plan(demand(), demand("a", "b"), epoch=5)
    table = route_table("t", 6, plans, 1_000)
    assert [(r.demand, r.path.nodes, r.since, r.bits, r.interval_ms) for r in table.routes] == [
        ("a-b", ("a", "t", "b"), 5, WANTED, 1_000),
        ("s-t", ("s", "a", "t"), 5, WANTED, 1_000),
    ]
    assert [r.demand for r in route_table("b", 6, plans, 1_000).routes] == ["a-b"]
    assert route_table("z", 6, plans, 1_000).routes == ()
    assert {r for n in "sat" for r in route_table(n, 6, plans[1:], 1_000).routes} == {table.routes[1]}


NAMES = ["s", "t", "a", "b", "c"]
EDGES = [f"{one}-{two}" for one, two in itertools.combinations(sorted(NAMES), 2)]


@st.composite
def networks(draw: st.DrawFn) -> Network:
    network = Network(*draw(st.sets(st.sampled_from(EDGES), min_size=1)))
    network.bits = {link: draw(st.integers(0, 2 * WANTED)) for link in network.bits}
    network.excluded = draw(st.sets(st.sampled_from(NAMES), max_size=3))
    network.disputed = draw(st.sets(st.sampled_from(sorted(network.bits)), max_size=2))
    network.weights = {name: draw(st.integers(0, 1_000_000)) for name in NAMES}
    return network


@st.composite
def demand_lists(draw: st.DrawFn) -> list[RouteDemand]:
    pairs = draw(st.lists(st.permutations(NAMES), max_size=3))
    numbers = st.integers(0, 1)
    return [
        demand(pair[0], pair[1], demand=f"d{i}", colluding=draw(numbers), failing=draw(numbers))
        for i, pair in enumerate(pairs)
    ]


def simple_paths(links: Iterable[str], source: str, target: str) -> list[tuple[str, ...]]:
    """All loop-free paths, by brute force."""
    joined = {frozenset(link.split("-")) for link in links}
    inner = [name for name in NAMES if name not in (source, target)]
    orders = itertools.chain.from_iterable(itertools.permutations(inner, n) for n in range(len(inner) + 1))
    found = [(source, *order, target) for order in orders]
    return [path for path in found if all(frozenset(hop) in joined for hop in itertools.pairwise(path))]


@given(networks(), networks(), demand_lists(), st.randoms())
def test_whatever_the_order_all_nodes_plan_the_same(
    before: Network, network: Network, demands: list[RouteDemand], random: Any
) -> None:
    previous = list(before.plan(*demands))
    plans = network.plan(*demands, previous=previous, epoch=2)
    random.shuffle(demands)
    random.shuffle(previous)
    assert network.plan(*demands, previous=previous, epoch=2) == plans
    assert all(type(plan).from_json(plan.canonical()) == plan for plan in plans)


@given(networks(), networks(), st.sampled_from([(s, t) for s in NAMES for t in NAMES if s != t]))
def test_no_excluded_relay_where_a_path_avoids_it_and_a_route_wherever_there_is_one(
    before: Network, network: Network, ends: tuple[str, str]
) -> None:
    wanted = demand(*ends)
    (plan,) = network.plan(wanted, previous=before.plan(wanted), epoch=2)
    paths = simple_paths(network.bits.keys() - network.disputed, *ends)
    assert bool(plan.paths) == bool(paths)
    if paths:
        quarrelling = [set(link.split("-")) for link in network.disputed if set(ends) & set(link.split("-"))]
        avoided = network.excluded.union(*quarrelling)
        assert plan.paths[0].nodes in paths
        assert set(plan.distrusted) == avoided.intersection(plan.paths[0].relays)
        assert len(plan.distrusted) == min(len(avoided.intersection(path[1:-1])) for path in paths)


@given(networks(), networks(), demand_lists())
def test_shares_have_no_relay_in_common_and_are_at_least_k(
    before: Network, network: Network, demands: list[RouteDemand]
) -> None:
    plans = network.plan(*demands, previous=before.plan(*demands), epoch=2)
    for plan, wanted in zip(plans, demands, strict=True):
        relays = [relay for path in plan.paths for relay in path.relays]
        assert len(relays) == len(set(relays))
        assert not plan.paths or plan.threshold <= len(plan.paths) <= plan.threshold + wanted.failing
        assert plan.threshold == (wanted.colluding + 1 if relays or not plan.paths else 1)


@settings(max_examples=50)
@given(networks(), st.sampled_from([(s, t) for s in NAMES for t in NAMES if s != t]), st.randoms(use_true_random=False))
def test_noise_never_brings_a_route_back_that_was_left(network: Network, ends: tuple[str, str], random: Any) -> None:
    network.excluded = set()
    truth, routes = dict(network.bits), list[list[str]]()
    plans: tuple[RoutePlan, ...] = ()
    wanted = demand(*ends)
    for epoch in range(1, 30):
        network.bits = {link: bits * random.choice((86, 114)) // 100 for link, bits in truth.items()}
        plans = network.plan(wanted, previous=plans, epoch=epoch)
        if not routes or routes[-1] != ways(plans[0]):
            routes.append(ways(plans[0]))
    assert len(routes) == len(set(map(tuple, routes)))


def test_rates_that_lean_to_one_side_for_a_while_move_no_route() -> None:
    network, plans = Network(*DIAMOND), tuple[RoutePlan, ...]()
    chosen = set()
    for epoch in range(40):
        scarce = "a" if epoch // 5 % 2 else "b"
        network.bits = {link: WANTED * (93 if scarce in link else 107) // 100 for link in network.bits}
        plans = network.plan(demand(), previous=plans, epoch=epoch)
        chosen |= {*ways(plans[0])}
    assert len(chosen) == 1


def test_a_demand_that_no_link_can_ever_serve_still_has_a_route() -> None:
    network = Network(*DIAMOND)
    network.bits = dict.fromkeys(network.bits, 0)
    assert ways(network.plan(demand(bits=2**63 - 1))[0]) == ["sat"]
