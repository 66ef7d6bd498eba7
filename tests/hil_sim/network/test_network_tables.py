"""Tables of a network fit each other or are refused, and hardware becomes columns as it was written."""

from dataclasses import fields, replace

import numpy as np
import pytest
from pydantic import ValidationError

from hil_sim.channels.link_channel import ChannelProcesses
from hil_sim.network.demands import DemandArrays
from hil_sim.network.hardware_presets import HARDWARE
from hil_sim.network.link_arrays import LinkArrays
from hil_sim.network.network import Stack
from hil_sim.network.routes import Routes
from tests.hil_sim.network.networks import chain, demand, hardware, limits
from tests.hil_sim.network.stories import NETWORKS

GOOD = chain([5.0, 6.0], demands=[demand(0, 2)])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"links": chain([5.0]).links}, "links has 1 columns, expected 2"),
        ({"ends": np.array([[0], [1]])}, "ends has 1 columns, expected 2"),
        ({"ends": np.array([[0, 1], [1, 3]])}, "ends must be numbers below 3"),
        ({"ends": np.array([[0, -1], [1, 2]])}, "ends must be numbers below 3"),
        ({"buffers": limits(3)}, "buffers has 3 columns, expected 2"),
        ({"authentication_bps": np.zeros(1)}, "authentication_bps has 1 columns, expected 2"),
        ({"relays": np.array([-1])}, "relays has 1 columns, expected 2"),
        ({"relays": np.array([-1, 3])}, "relays must be numbers below 3"),
        ({"channel": ChannelProcesses()}, "channel has 0 columns, expected 2"),
        ({"channel": ChannelProcesses.of([ChannelProcesses()])}, "channel has 1 columns, expected 2"),
        ({"routes": Routes.of([])}, "routes has 0 columns, expected 1"),
        ({"routes": GOOD.routes.shifted(1, 0)}, "routes must be numbers below 2"),
        ({"routes": GOOD.routes.shifted(0, 2)}, "relays of routes must be numbers below 3"),
        ({"demands": DemandArrays.of([demand(0, 3)])}, "demands must be numbers below 3"),
    ],
)
def test_tables_that_do_not_fit_are_refused_by_name(change, message):
    with pytest.raises(ValueError, match=f"chain: {message}"):
        replace(GOOD, **change)


def test_a_stack_numbers_its_parts_through():
    parts = [NETWORKS[name] for name in ("bb84", "villains", "one link")]
    stack = Stack.of(parts)
    assert stack.links.count == sum(part.links.count for part in parts)
    assert stack.node_count == sum(len(part.node_names) for part in parts)
    assert stack.cells == max(part.cells() for part in parts)
    for number, part in enumerate(parts):
        links, nodes, demands = stack.links_of[number], stack.nodes_of[number], stack.demands_of[number]
        assert (stack.ends[:, links] - nodes.start).tolist() == part.ends.tolist()
        assert (stack.demands.ends[:, demands] - nodes.start).tolist() == part.demands.ends.tolist()
        assert (stack.network_of_link[links] == number).all()
        assert (stack.network_of_demand[demands] == number).all()
        for field in fields(LinkArrays):
            assert getattr(stack.links, field.name)[..., links].tolist() == getattr(part.links, field.name).tolist()


@pytest.mark.parametrize(
    ("protocols", "cells"), [(("bb84",), 3), (("bbm92",), 1), (("bb84", "tf"), 3), (("bbm92", "mdi"), 9)]
)
def test_a_network_has_room_for_the_cells_of_the_protocols_that_it_can_run(protocols, cells):
    assert chain([5.0], hardware(protocols=protocols, start_mean_photon_number=0.05)).cells() == cells


@pytest.mark.parametrize("name", sorted(HARDWARE))
def test_columns_hold_what_the_hardware_says(name):
    parts = HARDWARE[name]
    links = LinkArrays.of([HARDWARE["snspd"], parts], [1.0, 2.0])
    same = (
        "pulse_rate_hz gate_s receiver_loss_db intrinsic_error correction calibration_uncertainty attenuator_step_db "
        "realign_s realign_residual_rad switch_s dwell_s duty reference_share post_processing_bps can_realign"
    )
    for field in same.split():
        assert getattr(links, field)[1] == getattr(parts, field)
    assert links.nominal_loss_db.tolist() == [1.0, 2.0]
    assert links.ratios[:, 1].tolist() == list(parts.intensity_ratios)
    assert links.shares[:, 1].tolist() == list(parts.intensity_probabilities)
    assert links.bases[:, 1].tolist() == list(parts.basis_probabilities)
    assert links.block_bits[1] == parts.blocks.sifted_bits
    assert links.finite[1] == (parts.blocks.security == "finite")
    assert links.running_credit[1] == (parts.blocks.credit == "running")
    first = links.first_protocol[1]
    assert links.start_e6[1] == round(1e6 * parts.start_mean_photon_number) <= links.highest_e6[first, 1]
    assert (links.highest_e6[:, 1] < links.cap_e6[:, 1]).all()
    assert links.cap_e6[:, 1].tolist() == [round(1e6 * parts.cap_mean_photon_number)] * 3 + [
        round(1e6 * parts.cap_mean_pairs)
    ]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"protocols": ("bb84", "bb84")}, "protocols must differ"),
        ({"intensity_ratios": (1.0, 0.2, 0.1)}, "intensity_ratios must be 1, a weak decoy"),
        ({"intensity_ratios": (0.9, 0.2, 0.0)}, "intensity_ratios must be 1, a weak decoy"),
        ({"intensity_probabilities": (0.8, 0.2, 0.0)}, "intensity_probabilities must all be above 0"),
        ({"intensity_probabilities": (0.8, 0.3, 0.1)}, "intensity_probabilities must sum to 1, not to 1.2"),
        ({"basis_probabilities": (1.0, 0.0)}, "basis_probabilities must all be above 0"),
        ({"gate_s": 2e-9}, "gate_s 2e-09 exceeds the pulse period 1e-09"),
        ({"start_mean_photon_number": 0.77}, "start_mean_photon_number 0.77 could come out above"),
    ],
)
def test_hardware_that_makes_no_sense_is_refused(wrong, message):
    with pytest.raises(ValidationError, match=message):
        hardware(**wrong)
