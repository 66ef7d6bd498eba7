"""Paths by hops alone."""

import numpy as np
from qkdctl_policies.experiments.fixed_control import REST_EPOCHS, HopRoute, Periodic

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
