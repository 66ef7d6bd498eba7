"""Operators in the field re-align what reports too many errors, and leave the rest alone."""

from typing import Any

import numpy as np
import pytest

from hil_sim.network.run.control_name import ControlName
from hil_sim.network.run.field_control import PATIENCE_S, RECENT_EPOCHS, FieldPractice, reported_qber
from hil_sim.network.run.network_run import Chosen, NetworkRun
from hil_sim.network.world import NetworkWorld
from tests.hil_sim.network.run.scenarios import built, run_of

EPOCHS = 150


MEASURED = {"mesh": {"nodes": 6, "relay_share": 1.0, "side_km": 20.0}}
"""A network with a measuring relay in the middle of every span."""


def realignments(realign_above: float, **changes: Any) -> np.ndarray:
    """Per epoch and link, whether a re-alignment was commanded."""
    network = built(**changes)
    world = NetworkWorld([network.network], [network.scenario.seed], epoch_s=network.scenario.epoch_s)
    control, last, commanded = FieldPractice(world, realign_above), None, []
    for _ in range(EPOCHS):
        commands = control.commands(world, last)
        commanded.append(commands.realign)
        last = world.step(commands)
    return np.array(commanded)


def test_drifting_links_are_realigned_and_make_more_key() -> None:
    network = built(network={"topology": "madqci", "hardware": "snspd"}, epoch_s=60.0)
    held, tended = run_of(network, EPOCHS), run_of(network, EPOCHS, 0.05)
    assert held.links.realigned.sum() == 0
    assert tended.links.realigned.sum() > 0
    assert tended.links.stored_bits.sum() > 1.1 * held.links.stored_bits.sum()
    assert tended.links.qber().max() < held.links.qber().max()


def test_links_below_the_limit_are_left_alone() -> None:
    assert not realignments(0.4).any()


def test_the_limit_is_for_the_mean_of_some_epochs() -> None:
    first = realignments(0.001).argmax(axis=0)
    assert set(first.tolist()) == {RECENT_EPOCHS}


def test_a_realignment_that_did_not_help_is_not_repeated_for_ten_minutes() -> None:
    commanded = realignments(0.001)
    for link in commanded.T:
        assert (np.diff(np.flatnonzero(link)) >= PATIENCE_S / 10.0).all()
    assert (commanded.sum(axis=0) >= 2).all()


def test_each_link_may_have_a_limit_of_its_own() -> None:
    network = built()
    world = NetworkWorld([network.network], [network.scenario.seed], epoch_s=network.scenario.epoch_s)
    limits = np.full(world.stack.links.count, 0.5)
    limits[0] = 0.001
    control, last, commanded = FieldPractice(world, limits, patience_s=100.0), None, []
    for _ in range(40):
        commands = control.commands(world, last)
        commanded.append(commands.realign)
        last = world.step(commands)
    found = np.array(commanded)
    assert found[:, 0].sum() >= 3
    assert not found[:, 1:].any()
    with pytest.raises(ValueError, match="must lie in"):
        FieldPractice(world, limits * 1.1)


def test_a_single_epoch_beyond_15_percent_is_enough() -> None:
    attack = [{"links": ["quiron-quijote"], "kinds": ["intercept-resend"], "start_epoch": 3}]
    commanded = realignments(0.4, adversaries=attack)
    assert np.flatnonzero(commanded[:, 0])[0] == 4
    assert not commanded[:, 1:].any()


def test_links_without_a_controller_are_left_alone() -> None:
    fixed = {"own": {"preset": "ingaas-slow", "can_realign": False}}
    network = {"topology": "madqci", "hardware": "own"}
    assert not realignments(0.001, hardware=fixed, network=network).any()


def test_slander_costs_realignments() -> None:
    slander = [{"nodes": ["quiron"], "kinds": ["overstate-errors"]}]
    assert realignments(0.4, adversaries=slander)[:, 0].any()


def test_whoever_reports_nothing_is_not_heard() -> None:
    network = built(adversaries=[{"nodes": ["quiron"], "kinds": ["withhold-report"]}])
    world = NetworkWorld([network.network], [1], epoch_s=10.0)
    epoch = world.step(world.holding())
    reports = epoch.reports
    assert not reports.present[0, 0]
    assert np.isfinite(reported_qber(epoch, world.operation.protocol)[0])


def test_of_a_twin_field_link_only_what_alignment_can_mend_counts() -> None:
    own = {"preset": "relay", "protocols": ["tf"], "sending_probability": 0.1}
    network = built(hardware={"own": own}, network=MEASURED | {"relay_hardware": "own"})
    world = NetworkWorld([network.network], [1], epoch_s=10.0)
    epoch = world.step(world.holding())
    counted = epoch.counted
    z_rates = counted.errors[0, 0] / counted.detected[0, 0]
    assert (z_rates > 0.08).all()
    assert (reported_qber(epoch, world.operation.protocol) < 0.06).all()


def test_errors_of_misaligned_mdi_links_are_told_from_those_of_the_protocol() -> None:
    run = run_of(built(network=MEASURED), 5)
    raw = run.world.step(run.world.holding()).counted
    assert (raw.errors[1, 0] / raw.detected[1, 0] > 0.2).all()
    assert (run.links.qber()[1] < 0.03).all()


@pytest.mark.parametrize("limit", [0.0, -1.0, 0.6])
def test_limits_out_of_range_are_refused(limit: float) -> None:
    with pytest.raises(ValueError, match=r"must lie in \(0, 0.5\]"):
        NetworkRun(built(), Chosen(ControlName.FIELD, limit))


def test_a_limit_is_refused_where_nobody_uses_it() -> None:
    with pytest.raises(ValueError, match="settings are held"):
        NetworkRun(built(), Chosen(ControlName.HOLD, 0.05))
