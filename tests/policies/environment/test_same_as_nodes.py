"""What a policy learns to see of a link is what nodes agree to have seen of it, whatever protocol runs."""

import numpy as np
import pytest
from qkdctl_policies.environment.facts import facts_of_links
from qkdctl_policies.environment.reports import reported
from qkdctl_policies.experiments.node_reports import Remarks, ReportDesk
from qkdctl_policies.learning.scenarios import network

from hil_sim.network.hardware import PROTOCOLS
from hil_sim.network.world import NetworkWorld
from qkdctl.evidence.link_row import link_row
from qkdctl.evidence.matching import Pair

EPOCH_S = 10.0
SAME = (
    "qber_z_ppm",
    "qber_x_ppm",
    "sifted_bits",
    "test_bits",
    "secret_key_bits",
    "detected",
    "pulses",
    "vacuum_sent",
    "vacuum_detected",
    "duration_ms",
    "dead_ms",
    "valid",
)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_rows_of_nodes_are_those_of_the_environment(protocol):
    of = network("many-protocols", 3)
    world = NetworkWorld([of], [5], epoch_s=EPOCH_S)
    able = np.asarray(of.links.supported[PROTOCOLS.index(protocol)])
    assert able.any()
    desk = ReportDesk(of, world, ())
    commands = world.holding()
    commands.protocol[able] = PROTOCOLS.index(protocol)
    highest_e6 = of.links.highest_e6[commands.protocol, np.arange(able.size)]
    commands.mean_photon_number_e6[:] = np.minimum(commands.mean_photon_number_e6, highest_e6)
    for _ in range(8):
        epoch = world.step(commands)
        reports = desk.reports(epoch, np.zeros(able.size, dtype=bool), Remarks())
    ours, _ = reported(world.stack.links, world.operation, epoch, EPOCH_S)
    ends = {(end.link, end.end): end for report in reports for end in report.ends}
    for place, facts in enumerate(facts_of_links(of, EPOCH_S)):
        alice, bob = ends[facts.link, "alice"], ends[facts.link, "bob"]
        row = link_row(facts, alice, bob, [Pair(*pair) for pair in zip(alice.sessions, bob.sessions, strict=True)])
        assert row is not None
        assert row.protocol == (protocol if able[place] else PROTOCOLS[of.links.first_protocol[place]])
        told = {name: getattr(row, name) for name in SAME}
        assert told == {name: int(getattr(ours, name)[place]) for name in SAME}
        assert row.loss_mdb == pytest.approx(int(ours.loss_mdb[place]), abs=2)
        assert row.loss_mdb > 0
