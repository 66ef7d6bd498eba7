"""What a description promises of a demand is what the agreed planner does when all links make key."""

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from qkdctl.network.key_graph import key_graph
from qkdctl.network.routes import prospect
from qkdctl.records.route import RouteDemand
from tests.routing.test_agreed import Network

NODES = "abst"
PAIRS = ["-".join(pair) for pair in itertools.combinations([*NODES, "c"], 2)]


@settings(max_examples=60, deadline=None)
@given(st.sets(st.sampled_from(PAIRS), min_size=1), st.integers(0, 3), st.integers(0, 2))
def test_the_planner_finds_as_many_paths_as_were_promised(links: set[str], colluding: int, failing: int) -> None:
    demand = RouteDemand(demand="s-t", source="s", target="t", bits=1, colluding=colluding, failing=failing)
    found = prospect(key_graph([*NODES, "c"], {link: tuple(link.split("-")) for link in links}), demand)
    (plan,) = Network(*links).plan(demand)
    assert len(plan.paths) == (min(found.available, found.needed) if found.is_possible else 0)
    if found.is_possible:
        assert plan.threshold == found.least
