"""Paths by hops alone."""

from itertools import pairwise

import numpy as np
import pytest
from qkdctl_policies.experiments.fixed_control import REST_EPOCHS, HopRoute, Periodic, Tuned

from hil_sim.channels.quaternions import from_rotation_vector, multiply
from qkdctl.records.relay import MOST_NODES
from qkdctl.records.route import RouteDemand
from qkdctl.routing.topology import Link, Node, Topology
from tests.policies.experiments.tiny import diamond


def relays(plan) -> tuple[str, ...]:
    return plan.paths[0].relays


def test_a_path_stays_until_it_loses_keys_and_its_relays_are_avoided_for_a_while(tmp_path) -> None:
    stage = diamond(tmp_path)
    route = HopRoute(stage.demands[0], stage.graph(), candidates=5)
    first = route.after(1, lossy=False)
    assert route.after(2, lossy=False) is first
    second = route.after(3, lossy=True)
    assert {relays(first), relays(second)} == {("b",), ("c",)}
    assert second.since == 3
    assert route.after(4, lossy=False) is second
    assert relays(route.after(3 + REST_EPOCHS, lossy=True)) == relays(first)


def test_the_only_path_is_kept_whatever_it_loses(tmp_path) -> None:
    stage = diamond(tmp_path)
    route = HopRoute(stage.demands[0], stage.graph(), candidates=1)
    assert [route.after(epoch, lossy=True).since for epoch in range(1, 4)] == [1, 1, 1]


def test_by_the_clock_every_link_is_realigned_as_often_and_not_all_at_once(tmp_path) -> None:
    world = diamond(tmp_path).world()
    control, last, turns = Periodic(3), None, []
    for _ in range(9):
        commands = control.commands(world, last)
        turns.append(commands.realign)
        last = world.step(commands)
    assert np.sum(turns, axis=0).tolist() == [3] * 5
    assert all(0 < turn.sum() < 5 for turn in turns)


def test_tuned_links_are_realigned_every_ten_minutes_and_sooner_where_errors_are_twice_what_is_promised(
    tmp_path,
) -> None:
    world = diamond(tmp_path).world()
    control, last, turns = Tuned(world), None, []
    for epoch in range(80):
        commands = control.commands(world, last)
        turns.append(commands.realign)
        if epoch == 30:  # somebody has moved the fibre of the first link
            turned = from_rotation_vector(np.array([[0.0, 0.9, 0.0]]))
            world.operation.controller[:1] = multiply(turned, world.operation.controller[:1])
        last = world.step(commands)
    found = np.array(turns)
    assert (found[:60].sum(axis=0) >= 1).all()
    assert found[31:42, 0].any()
    assert found[31:42].sum() < 5


@pytest.mark.parametrize(("nodes", "served"), [(MOST_NODES, True), (MOST_NODES + 2, False)])
def test_a_chain_of_more_nodes_than_a_route_may_have_is_no_path(nodes, served) -> None:
    names = [f"n{number:02d}" for number in range(nodes)]
    links = [Link(f"{a}-{b}", (a, b)) for a, b in pairwise(names)]
    wanted = RouteDemand(demand="d0", source=names[0], target=names[-1], bits=2560)
    route = HopRoute(wanted, Topology.of([Node(name) for name in names], links), candidates=5)
    assert (route.after(1, lossy=False) is not None) is served
