"""A scenario becomes the network that it describes, and its mistakes are told with their place."""

import re
from textwrap import dedent

import numpy as np
import pytest

from hil_sim.channels.presets import AERIAL, BURIED_METRO, FREE_SPACE
from hil_sim.network.hardware import PROTOCOLS
from hil_sim.network.hardware_presets import HARDWARE
from hil_sim.network.scenario_file import load_network, network_of
from hil_sim.network.topology import load_topology
from hil_sim.scenario_problems import ScenarioError

SITES = {name: {"latitude_deg": 48.0 + 0.02 * number, "longitude_deg": 16.0} for number, name in enumerate("abcd")}
CAMBRIDGE = {"network": {"topology": "cambridge"}}


def span(a, b, **more):
    return {"a": a, "b": b, "length_km": 20.0, "loss_db": 5.0} | more


def write_topology(path, **spans):
    lines = ['title = "four sites"']
    for kind, tables in (("sites", SITES), ("spans", spans)):
        for name, table in tables.items():
            lines.append(f"[{kind}.{name}]")
            lines += [f"{key} = {value!r}".replace("'", '"') for key, value in table.items()]
    path.write_text("\n".join(lines), encoding="utf-8")


@pytest.fixture
def four_sites(tmp_path):
    """A row of three spans in the file four.toml: buried, on poles, and with a relay midway."""
    write_topology(
        tmp_path / "four.toml", ab=span("a", "b"), bc=span("b", "c", medium="aerial"), ac=span("a", "c", relay="d")
    )
    return tmp_path


def links_of(built):
    return dict(zip(built.network.link_names, np.arange(built.network.links.count), strict=True))


def test_own_hardware_differs_from_its_preset_only_where_it_says_so():
    own = {"preset": "ingaas", "receiver_loss_db": 1.25, "detector": {"efficiency": 0.3}, "blocks": {"longest_s": 5.0}}
    built = network_of(CAMBRIDGE | {"hardware": {"ours": own}, "network": CAMBRIDGE["network"] | {"hardware": "ours"}})
    ours, preset = built.scenario.hardware["ours"], HARDWARE["ingaas"]
    assert ours.detector == preset.detector.model_copy(update={"efficiency": 0.3})
    assert ours.blocks == preset.blocks.model_copy(update={"longest_s": 5.0})
    same = {"receiver_loss_db", "detector", "blocks"}
    assert ours.model_dump(exclude=same) == preset.model_dump(exclude=same)
    assert (built.network.links.efficiency == 0.3).all()
    assert (built.network.links.receiver_loss_db == 1.25).all()


def test_a_detector_of_another_kind_takes_nothing_over_from_the_preset():
    spad = {"kind": "spad", "efficiency": 0.2, "dark_count_rate_hz": 500.0, "dead_time_s": 1e-6}
    built = network_of(CAMBRIDGE | {"hardware": {"ours": {"preset": "snspd", "detector": spad}}})
    assert built.scenario.hardware["ours"].detector.bias is None
    with pytest.raises(ScenarioError, match=r"hardware.ours.detector.efficiency: .*[Rr]equired|missing"):
        network_of(CAMBRIDGE | {"hardware": {"ours": {"preset": "snspd", "detector": {"kind": "spad"}}}})


def test_hardware_of_ones_own_may_take_the_name_of_a_preset():
    own = {"preset": "snspd", "receiver_loss_db": 0.5}
    built = network_of(CAMBRIDGE | {"hardware": {"snspd": own}})
    assert (built.network.links.receiver_loss_db == 0.5).all()


def test_single_links_may_differ_in_everything(four_sites):
    built = network_of(
        {
            "network": {"topology": "four.toml"},
            "links": {
                "ab": {"hardware": "ingaas", "loss_db": 3.5, "impairment": "photon-loss-46"},
                "bc": {"channel": "free-space"},
            },
        },
        beside=four_sites,
    )
    network, number = built.network, links_of(built)
    assert network.links.nominal_loss_db[[number["ab"], number["bc"]]].tolist() == [3.5, 5.0]
    efficiency = network.links.efficiency
    assert efficiency[number["ab"]] == 0.2
    assert efficiency[number["bc"]] == pytest.approx(0.65, rel=0.01)
    assert network.channel.impairment.loss_db[number["ab"]] == pytest.approx(2.676, abs=0.001)
    assert not network.channel.impairment.loss_db[[number["bc"], number["ac"]]].any()
    wander = network.channel.loss.wander_db
    expected = {"ab": BURIED_METRO, "bc": FREE_SPACE, "ac": BURIED_METRO}
    assert {name: wander[place] for name, place in number.items()} == {
        name: float(channel.loss.wander_db) for name, channel in expected.items()
    }


def test_relays_and_poles_have_hardware_and_weather_of_their_own(four_sites):
    built = network_of({"network": {"topology": "four.toml", "hardware": "ingaas"}}, beside=four_sites)
    network, number = built.network, links_of(built)
    assert network.relays.tolist() == [-1, -1, 3]
    supported = network.links.supported
    assert supported[:, number["ab"]].tolist() == [True, False, False, False]
    assert supported[:, number["ac"]].tolist() == [False, True, True, False]
    assert network.links.first_protocol.tolist() == [0, 0, 1]
    assert network.channel.loss.wander_db[number["bc"]] == float(AERIAL.loss.wander_db)


def test_a_topology_beside_the_scenario_is_found_and_its_mistakes_are_told_with_its_own_lines(four_sites):
    scenario = four_sites / "scenario.toml"
    scenario.write_text('[network]\ntopology = "four.toml"\n', encoding="utf-8")
    assert load_network(scenario).network.node_names == ("a", "b", "c", "d")
    write_topology(four_sites / "four.toml", ab=span("a", "b"), bc=span("b", "x"), ac=span("a", "c", relay="d"))
    with pytest.raises(ScenarioError, match=r"four\.toml:\d+: spans\.bc\.b: no site 'x' -- "):
        load_network(scenario)


def test_the_shipped_topologies_make_networks():
    for name in ("tokyo", "madqci", "nsfnet"):
        built = network_of({"network": {"topology": name}, "demands": [{"random": 3}]})
        topology = load_topology(name)
        assert built.network.link_names == tuple(span.name for span in topology.spans)
        assert built.network.links.nominal_loss_db.tolist() == [span.loss_db for span in topology.spans]
        assert built.network.demands.ends.shape == (2, 3)


def pairs_of(built):
    return [frozenset(pair) for pair in built.demand_names]


def test_random_demands_differ_until_all_pairs_are_used_up():
    mesh = {"mesh": {"nodes": 5}}
    few = network_of({"network": mesh, "demands": [{"random": 10}]})
    assert len(set(pairs_of(few))) == 10
    many = network_of({"network": mesh, "demands": [{"random": 25}]})
    counts = [pairs_of(many).count(pair) for pair in set(pairs_of(many))]
    assert len(counts) == 10
    assert set(counts) == {2, 3}
    assert all(len(pair) == 2 for pair in pairs_of(many))


def test_random_demands_depend_on_the_seed_and_on_their_own_section_alone():
    def drawn(seed, *sections):
        tables = {"network": {"mesh": {"nodes": 30, "seed": 1}}, "seed": seed, "demands": list(sections)}
        return network_of(tables).demand_names

    one, other = {"random": 6}, {"random": 4, "rate_bps": 5.0}
    assert drawn(1, one) == drawn(1, one)
    assert drawn(1, one) != drawn(2, one)
    assert drawn(1, one, other)[:6] == drawn(1, one)
    assert drawn(1, one, other)[6:] == drawn(1, {"random": 1}, other)[1:]


def test_demands_carry_what_their_section_says(four_sites):
    sections = [
        {"pairs": [["a", "c"], ["b", "a"]], "rate_bps": 5.0, "request_bits": 7, "patience_s": 9.0},
        {"pairs": [["b", "c"]]},
    ]
    built = network_of({"network": {"topology": "four.toml"}, "demands": sections}, beside=four_sites)
    demands = built.network.demands
    assert built.demand_names == (("a", "c"), ("b", "a"), ("b", "c"))
    assert demands.ends.tolist() == [[0, 1, 1], [2, 0, 2]]
    assert demands.rate_bps.tolist() == [5.0, 5.0, 1000.0]
    assert demands.request_bits.tolist() == [7, 7, 4096]
    assert demands.patience_s.tolist() == [9.0, 9.0, 60.0]


def walked(routes, ends, path, start):
    """The nodes along a path, by its links."""
    nodes = [start]
    for link in routes.path_links[routes.path_link_offsets[path] : routes.path_link_offsets[path + 1]]:
        a, b = ends[:, link].tolist()
        assert nodes[-1] in (a, b)
        nodes.append(b if nodes[-1] == a else a)
    return nodes


@pytest.mark.parametrize("routing", [{"candidates": 4}, {"colluding": 1}, {"failing": 1}])
def test_routes_lead_from_end_to_end_over_the_nodes_that_they_name(routing):
    mesh = {"mesh": {"nodes": 14, "two_edge_connected": True, "mean_degree": 5, "seed": 3}}
    built = network_of({"network": mesh, "demands": [{"random": 4}], "routing": routing, "seed": 11})
    network, routes = built.network, built.network.routes
    for demand in range(routes.demands):
        source, target = network.demands.ends[:, demand].tolist()
        choices = range(routes.demand_offsets[demand], routes.demand_offsets[demand + 1])
        assert len(choices) == (routing.get("candidates") or 1)
        hops = []
        for route in choices:
            paths = range(routes.path_offsets[route], routes.path_offsets[route + 1])
            inner = []
            for path in paths:
                nodes = walked(routes, network.ends, path, source)
                assert nodes[-1] == target
                relays = routes.relays[routes.relay_offsets[path] : routes.relay_offsets[path + 1]].tolist()
                assert relays == nodes[1:-1]
                inner += relays
                hops.append(len(nodes))
            assert len(set(inner)) == len(inner)
            # neighbours need no relay that could collude
            shared = "failing" in routing or ("colluding" in routing and bool(inner))
            assert len(paths) == 1 + shared
            assert routes.thresholds[route] == (2 if "colluding" in routing and shared else 1)
        assert "candidates" not in routing or hops == sorted(hops)


MISTAKES = {
    "a demand without a path": (
        """
        [network]
        topology = "apart.toml"
        [[demands]]
        pairs = [["a", "c"]]
        """,
        r"scenario\.toml:3: demands\.0: no path of trusted relays leads from a to c",
    ),
    "too few disjoint paths": (
        """
        [network]
        topology = "four.toml"
        [routing]
        failing = 3
        [[demands]]
        pairs = [["a", "c"]]
        """,
        r"scenario\.toml:5: demands\.0: .* -- ask for fewer colluding or failing relays",
    ),
    "a patience that never ends": (
        """
        [network]
        topology = "four.toml"
        [[demands]]
        pairs = [["a", "c"]]
        patience_s = 1e12
        """,
        r"scenario\.toml:3: demands\.0: expected a patience above 0 s, and of at most 10000 epochs, here 100000 s",
    ),
    "hardware that starts too bright": (
        """
        [network]
        topology = "four.toml"
        [hardware.ours]
        preset = "snspd"
        start_mean_photon_number = 0.8
        """,
        r"scenario\.toml:3: hardware\.ours: start_mean_photon_number 0.8 could come out above .* at most 0\.75",
    ),
    "an intensity that is never sent": (
        """
        [network]
        topology = "four.toml"
        [hardware.ours]
        preset = "snspd"
        intensity_probabilities = [0.8, 0.2, 0.0]
        """,
        r"scenario\.toml:3: hardware\.ours: intensity_probabilities must all be above 0",
    ),
    "an unknown preset": (
        """
        [network]
        topology = "four.toml"
        [hardware.ours]
        preset = "snspdd"
        """,
        r"scenario\.toml:4: hardware\.ours\.preset: unknown preset 'snspdd' -- did you mean 'snspd'\?",
    ),
    "an adversary beside its links": (
        """
        [network]
        topology = "four.toml"
        [[adversaries]]
        nodes = ["a"]
        links = ["bc"]
        kinds = ["understate-errors"]
        """,
        r"scenario\.toml:5: adversaries\.0\.links: 'a' has nothing to do with bc -- its links: ab, ac",
    ),
    "relays that do not relay": (
        """
        [network]
        topology = "four.toml"
        [[demands]]
        pairs = [["a", "d"]]
        """,
        r"scenario\.toml:4: demands\.0\.pairs: no site with key 'd'",
    ),
}


@pytest.mark.parametrize("name", sorted(MISTAKES))
def test_mistakes_are_told_with_file_and_line(four_sites, name):
    text, message = MISTAKES[name]
    write_topology(
        four_sites / "apart.toml", ab=span("a", "b"), cd=span("c", "d"), bc=span("b", "c", remark="dark", loss_db=60.0)
    )
    if "without a path" in name:
        sites = (four_sites / "apart.toml").read_text(encoding="utf-8")
        (four_sites / "apart.toml").write_text(
            re.sub(r"(\[sites\.b\]\n)", r"\1may_relay = false\n", sites), encoding="utf-8"
        )
    scenario = four_sites / "scenario.toml"
    scenario.write_text(dedent(text).lstrip(), encoding="utf-8")
    with pytest.raises(ScenarioError, match=message):
        load_network(scenario)


def test_a_span_without_a_relay_midway_runs_no_protocol_that_needs_one():
    network = network_of({"network": {"topology": "cambridge", "hardware": "snspd-multi"}}).network
    able = [name for number, name in enumerate(PROTOCOLS) if network.links.supported[number].any()]
    assert able == ["bb84", "bbm92"]
    with pytest.raises(ScenarioError, match=r"network.hardware: 'relay' runs mdi and tf only.*no relay midway -- give"):
        network_of({"network": {"topology": "cambridge", "hardware": "relay"}})


def test_a_span_with_a_relay_midway_may_run_all_that_its_hardware_can():
    mesh = {"mesh": {"nodes": 4, "relay_share": 1.0}, "relay_hardware": "snspd-multi"}
    assert network_of({"network": mesh}).network.links.supported.all()
