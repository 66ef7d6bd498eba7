"""A demand goes out of the way of relays that may have lost its keys, for a while, and asks nobody else to."""

from qkdctl.records.route import MOST_SUSPICION, RoutePlan
from qkdctl.routing.agreed import PATIENCE_EPOCHS, plan_routes
from qkdctl.routing.suspicion import STRIKE_EPOCHS
from tests.routing.test_agreed import DIAMOND, Network, demand, ways


def after(network: Network, plan: RoutePlan, epoch: int, *, lossy: bool) -> RoutePlan:
    """The plan one epoch later."""
    lost = {(plan.demand, share, plan.since) for share in range(1, len(plan.paths) + 1)} if lossy else ()
    (plan,) = plan_routes([demand()], network.state(epoch), network.table, [plan], lost)
    return plan


def test_two_epochs_with_losses_and_some_patience_change_a_route_and_one_does_not() -> None:
    network = Network(*DIAMOND)
    (first,) = network.plan(demand())
    plan = after(network, first, 2, lossy=True)
    assert [(suspect.node, suspect.epochs_left) for suspect in plan.suspects] == [("a", STRIKE_EPOCHS)]
    for epoch in range(3, 3 + STRIKE_EPOCHS):
        plan = after(network, plan, epoch, lossy=False)
    assert plan == first
    for count in range(PATIENCE_EPOCHS + 1):
        assert ways(plan) == ["sat"]
        plan = after(network, plan, 100 + count, lossy=True)
    assert (ways(plan), plan.since) == (["sbt"], 100 + PATIENCE_EPOCHS)


def test_a_relay_that_lost_keys_is_tried_again_after_a_time_that_grows_with_the_losses_up_to_a_bound() -> None:
    network = Network("s-a", "a-t")
    (plan,) = network.plan(demand())
    for epoch in range(2, 40):
        plan = after(network, plan, epoch, lossy=True)
    assert [(suspect.node, suspect.epochs_left) for suspect in plan.suspects] == [("a", MOST_SUSPICION)]
    assert (ways(plan), plan.since, plan.challenged) == (["sat"], 1, 0)


def test_where_every_way_is_bad_the_route_with_fewer_suspects_is_taken() -> None:
    network = Network("s-a", "a-b", "b-t", "a-c", "c-t", "s-d", "d-e", "e-f", "f-t")
    (plan,) = network.plan(demand())
    assert ways(plan) == ["sabt"]
    for epoch in range(2, 8):
        plan = after(network, plan, epoch, lossy=ways(plan) == ["sabt"])
    assert ways(plan) == ["sdeft"]
    network.disputed.add("d-e")
    plan = after(network, plan, 9, lossy=False)
    assert ways(plan) == ["sact"]


def test_what_one_demand_suspects_is_no_other_demands_business() -> None:
    network = Network(*DIAMOND)
    plans = network.plan(demand(), demand(demand="other"))
    for epoch in range(2, 9):
        lossy = {(plan.demand, 1, plan.since) for plan in plans if plan.demand == "s-t"}
        plans = plan_routes([demand(), demand(demand="other")], network.state(epoch), network.table, plans, lossy)
    (other,) = [plan for plan in plans if plan.demand == "other"]
    assert (ways(other), other.suspects) == (["sat"], ())


def test_suspicion_never_makes_up_for_distrust() -> None:
    network = Network(*DIAMOND)
    (plan,) = network.plan(demand())
    network.excluded = {"b"}
    for epoch in range(2, 12):
        plan = after(network, plan, epoch, lossy=True)
    assert ways(plan) == ["sat"]


def test_once_a_suspect_is_excluded_the_others_go_free_until_keys_are_lost_again() -> None:
    network = Network("s-a", "a-b", "b-t", "a-c", "c-t", "s-d", "d-e", "e-f", "f-t")
    (plan,) = network.plan(demand())
    for epoch in range(2, 5):
        plan = after(network, plan, epoch, lossy=True)
    assert [suspect.node for suspect in plan.suspects] == ["a", "b"]
    network.excluded.add("b")
    plan = after(network, plan, 5, lossy=False)
    assert (ways(plan), [(suspect.node, suspect.epochs_left) for suspect in plan.suspects]) == (
        ["sact"],
        [("a", STRIKE_EPOCHS)],
    )
    plan = after(network, plan, 6, lossy=True)
    assert {suspect.node for suspect in plan.suspects if suspect.epochs_left > STRIKE_EPOCHS} == {"a"}
    for epoch in range(7, 7 + PATIENCE_EPOCHS):
        plan = after(network, plan, epoch, lossy=ways(plan) == ["sact"])
    assert ways(plan) == ["sdeft"]


def test_behind_an_excluded_relay_that_nobody_can_avoid_others_come_under_suspicion() -> None:
    network = Network("s-a", "a-b", "b-t")
    network.excluded.add("a")
    (plan,) = network.plan(demand())
    for epoch in range(2, 8):
        plan = after(network, plan, epoch, lossy=True)
    assert [suspect.node for suspect in plan.suspects] == ["b"]
    assert plan.suspects[0].epochs_left > 2 * STRIKE_EPOCHS
