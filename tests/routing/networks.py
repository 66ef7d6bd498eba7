"""Small networks for the tests, and what exhaustive search finds in them."""

import itertools
from collections import Counter

from hypothesis import strategies as st

from qkdctl.routing.path import Path
from qkdctl.routing.topology import Link, Node, Topology

SOURCE, TARGET = "s", "t"


@st.composite
def networks(draw, most_relays=4, most_links=10, highest_cost=3):
    """Ends s and t, relays and others between them, links of few different costs so that ties abound."""
    others = [f"n{i}" for i in range(draw(st.integers(0, most_relays)))]
    names = [SOURCE, TARGET, *others]
    nodes = [Node(name, draw(st.sampled_from([True, True, True, False]))) for name in names]
    pairs = st.sampled_from(list(itertools.permutations(names, 2)))
    ends = draw(st.lists(pairs, max_size=most_links))
    labels = draw(st.permutations([f"l{i}" for i in range(len(ends))]))
    costs = st.integers(0, highest_cost)
    return Topology.of(nodes, [Link(label, pair, draw(costs)) for label, pair in zip(labels, ends, strict=True)])


def grid(width, height):
    """A grid of relays whose links all cost the same: many paths of equal cost."""
    names = [[f"n{x}{y}" for y in range(height)] for x in range(width)]
    across = [(names[x][y], names[x + 1][y]) for x in range(width - 1) for y in range(height)]
    up = [(names[x][y], names[x][y + 1]) for x in range(width) for y in range(height - 1)]
    nodes = [Node(name) for column in names for name in column]
    return Topology.of(nodes, [Link("-".join(ends), ends) for ends in across + up])


def all_paths(topology, source=SOURCE, target=TARGET):
    """Every loop-free path, in the documented order."""
    relays = {node.name for node in topology.nodes if node.relays}
    found = []

    def extend(nodes, links):
        if nodes[-1] == target:
            found.append(Path(tuple(nodes), tuple(link.name for link in links), sum(link.cost for link in links)))
        elif len(nodes) == 1 or nodes[-1] in relays:
            for link in topology.links:
                if nodes[-1] in link.ends:
                    following = link.ends[link.ends[0] == nodes[-1]]
                    if following not in nodes:
                        extend([*nodes, following], [*links, link])

    extend([source], [])
    return sorted(found, key=lambda path: preference([path]))


def preference(paths):
    """Sort key of a set of disjoint paths: cost, number of links, names of links from the last backwards."""
    links = sorted((link for path in paths for link in path.links), reverse=True)
    return sum(path.cost for path in paths), len(links), links


def are_apart(paths, apart):
    """Whether no two paths share a relay (or link), and none a link."""
    used = Counter(link for path in paths for link in path.links)
    if apart == "relays":
        used.update(f"relay {relay}" for path in paths for relay in path.relays)
    return all(count == 1 for count in used.values())


def disjoint_sets(topology, k, apart):
    """Every set of k disjoint paths."""
    return [chosen for chosen in itertools.combinations(all_paths(topology), k) if are_apart(chosen, apart)]
