"""Adversaries of a scenario that contradict each other, or do what they cannot do."""

from collections.abc import Iterable, Sequence

from hil_sim.adversary.kinds import EFFECTS
from hil_sim.adversary.section import AdversarySection
from hil_sim.network.scenario import NetworkScenario
from hil_sim.network.topology import Span, Topology
from hil_sim.scenario_problems import Place, Problem


def adversary_problems(scenario: NetworkScenario, topology: Topology) -> list[Problem]:
    """Every such mistake, with the names of the nodes."""
    relays = {span.relay for span in topology.spans if span.relay}
    sections = list(enumerate(scenario.adversaries))
    return [
        *_coalitions(sections),
        *_duties(sections),
        *(problem for number, section in sections for problem in _nothing_to_measure(number, section, relays)),
        *(problem for number, section in sections for problem in _beside_its_links(number, section, topology.spans)),
    ]


def _coalitions(sections: Iterable[tuple[int, AdversarySection]]) -> list[Problem]:
    """Nobody is in two coalitions."""
    joined: dict[str, str] = {}
    problems = []
    for number, section in sections:
        for node in section.nodes if section.coalition else ():
            other = joined.setdefault(node, section.coalition)
            if other != section.coalition:
                place: Place = ("adversaries", number, "coalition")
                problems.append(Problem(place, f"'{node}' cannot join both '{other}' and '{section.coalition}'"))
    return problems


def _duties(sections: Iterable[tuple[int, AdversarySection]]) -> list[Problem]:
    """Members of a coalition act together."""
    first: dict[str, tuple[int, AdversarySection]] = {}
    problems = []
    for number, section in sections:
        if not section.coalition:
            continue
        leader, other = first.setdefault(section.coalition, (number, section))
        when = [(part.start_epoch, part.end_epoch, part.duty) for part in (section, other)]
        if when[0] != when[1]:
            text = (
                f"members of coalition '{section.coalition}' act together, but not at the times of adversaries.{leader}"
            )
            hint = "give all of them the same start_epoch, end_epoch and duty"
            problems.append(Problem(("adversaries", number), text, hint))
    return problems


def _nothing_to_measure(number: int, section: AdversarySection, relays: set[str]) -> list[Problem]:
    """Lies about measurements midway need a node that measures there."""
    midway = [kind for kind in section.kinds if EFFECTS[kind].part == "announcements"]
    idle = [node for node in section.nodes if node not in relays]
    if not midway or not idle:
        return []
    text = f"'{midway[0]}' is for measuring relays midway, and '{idle[0]}' is none"
    hint = f"relays: {', '.join(sorted(relays)) or 'none in this network'}"
    return [Problem(("adversaries", number, "kinds"), text, hint)]


def _beside_its_links(number: int, section: AdversarySection, spans: Sequence[Span]) -> list[Problem]:
    """Who lies about a link has to end it, or to measure it midway."""
    if section.links is None:
        return []
    parts = {EFFECTS[kind].part for kind in section.kinds}
    named = [span for span in spans if span.name in section.links]
    idle = [
        node
        for node in section.nodes
        if ("reports" in parts and not any(node in (span.a, span.b) for span in named))
        or ("announcements" in parts and not any(node == span.relay for span in named))
    ]
    if not idle:
        return []
    text = f"'{idle[0]}' has nothing to do with {', '.join(section.links) or 'no link'}"
    own = sorted(span.name for span in spans if idle[0] in (span.a, span.b, span.relay))
    return [Problem(("adversaries", number, "links"), text, f"its links: {', '.join(own)}")]
