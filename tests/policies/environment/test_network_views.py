"""What a policy sees around a link and along a path, against a slow look at the network."""

import numpy as np
import pytest
from qkdctl_policies.environment.network_views import LINK_COLUMNS, PATH_COLUMNS, NetworkViews

from hil_sim.network.network import Stack
from hil_sim.network.scenario_file import network_of
from qkdctl.policy.integers import log2_256

SCENARIOS = (
    {"network": {"topology": "madqci"}, "demands": [{"random": 6}]},
    {
        "network": {"mesh": {"nodes": 9, "two_edge_connected": True}},
        "demands": [{"random": 4}],
        "routing": {"colluding": 1},
    },
    {"network": {"topology": "cambridge"}, "demands": [{"random": 2}], "routing": {"candidates": 4}},
)
STACK = Stack.of([network_of(scenario).network for scenario in SCENARIOS])
VIEWS = NetworkViews(STACK)


@pytest.fixture
def situation():
    rng = np.random.default_rng(3)
    links, demands = STACK.links.count, STACK.demands.rate_bps.size
    chosen = STACK.routes.demand_offsets[:-1] + rng.integers(STACK.routes.choices())
    return {
        "bits": rng.integers(0, 2 ** rng.integers(1, 30, links)),
        "before": rng.integers(0, 2 ** rng.integers(1, 30, links)),
        "waiting": rng.integers(0, 2 ** rng.integers(1, 30, demands)),
        "chosen": chosen,
        "trust": rng.integers(0, 1_000_001, STACK.node_count),
    }


def column(columns, table, name):
    (place,) = (number for number, entry in enumerate(columns) if entry.name == name)
    return table[:, place]


def on_grid(columns, name, value):
    (entry,) = (entry for entry in columns if entry.name == name)
    return int(entry.on_grid(np.array([value]))[0])


def links_of(route):
    return STACK.routes.links[STACK.routes.link_offsets[route] : STACK.routes.link_offsets[route + 1]].tolist()


def test_around_a_link(situation):
    bits, waiting, chosen = situation["bits"], situation["waiting"], situation["chosen"]
    table = VIEWS.links(bits, situation["before"], waiting, chosen)
    assert table.shape == (bits.size, len(LINK_COLUMNS))

    def check(link, name, value):
        assert column(LINK_COLUMNS, table, name)[link] == on_grid(LINK_COLUMNS, name, value), name

    for link in range(bits.size):
        a, b = STACK.ends[:, link].tolist()
        near = [
            other
            for end in (a, b)
            for other in range(bits.size)
            if other != link and end in STACK.ends[:, other].tolist()
        ]
        levels = [log2_256(1 + int(bits[other])) for other in near] or [log2_256(1 + int(bits[link]))]
        over = sum(int(waiting[d]) for d, route in enumerate(chosen) for used in links_of(route) if used == link)
        network = STACK.network_of_link[link]
        total = sum(int(w) for d, w in enumerate(waiting) if STACK.network_of_demand[d] == network)
        uses = [used for route in range(STACK.routes.thresholds.size) for used in links_of(route)]
        beside = [used for used in uses if STACK.network_of_link[used] == network]
        degrees = sorted((STACK.ends == end).sum() for end in (a, b))
        check(link, "buffer", log2_256(1 + int(bits[link])))
        check(link, "buffer_over_ready", log2_256(1 + int(bits[link])) - log2_256(1 + 2_000_000))
        check(link, "demand_waiting", log2_256(1 + over))
        check(link, "demand_share", over * 1_000_000 // max(total, 1))
        check(link, "degree_least", degrees[0])
        check(link, "degree_most", degrees[1])
        check(link, "candidate_share", beside.count(link) * 1_000_000 // len(beside))
        check(link, "neighbour_buffer_least", min(levels))
        check(link, "neighbour_buffer_mean", sum(levels) // len(levels))


def test_along_a_route(situation):
    bits, chosen = situation["bits"], situation["chosen"]
    table = VIEWS.paths(bits, situation["waiting"], situation["trust"], chosen)
    routes = STACK.routes
    assert table.shape == (routes.thresholds.size, len(PATH_COLUMNS))
    uses = np.bincount(routes.links, minlength=bits.size)
    for route in range(routes.thresholds.size):
        demand = np.searchsorted(routes.demand_offsets, route, side="right") - 1
        paths = range(routes.path_offsets[route], routes.path_offsets[route + 1])
        relays = [
            node
            for path in paths
            for node in routes.relays[routes.relay_offsets[path] : routes.relay_offsets[path + 1]]
        ]
        levels = [log2_256(1 + int(bits[link])) for link in links_of(route)]
        network = STACK.network_of_demand[demand]
        beside = sum(int(count) for d, count in enumerate(routes.choices()) if STACK.network_of_demand[d] == network)
        expected = {
            "hops": max(routes.path_link_offsets[path + 1] - routes.path_link_offsets[path] for path in paths),
            "links_used": len(levels),
            "buffer_least": min(levels),
            "buffer_mean": sum(levels) // len(levels),
            "waiting": log2_256(1 + int(situation["waiting"][demand])),
            "load_most": int(uses[links_of(route)].max()) * 1_000_000 // beside,
            "trust_least": min((int(situation["trust"][node]) for node in relays), default=1_000_000),
            "chosen": int(route in chosen),
        }
        for name, value in expected.items():
            assert column(PATH_COLUMNS, table, name)[route] == on_grid(PATH_COLUMNS, name, value), name


def test_every_range_fits_the_scale():
    for entry in (*LINK_COLUMNS, *PATH_COLUMNS):
        assert entry.low < entry.high
        assert max(abs(entry.low), abs(entry.high)) <= 8 * 2**entry.shift
