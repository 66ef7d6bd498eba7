"""Adversaries of a scenario that contradict each other, or do what they cannot do."""

from collections.abc import Iterable

from hil_sim.adversary.kinds import EFFECTS
from hil_sim.adversary.section import AdversarySection
from hil_sim.network.scenario import NetworkScenario
from hil_sim.network.topology import Topology
from hil_sim.scenario_problems import Place, Problem


def adversary_problems(scenario: NetworkScenario, topology: Topology) -> list[Problem]:
    """Every such mistake, with the names of the nodes."""
    relays = {span.relay for span in topology.spans if span.relay}
    sections = list(enumerate(scenario.adversaries))
    return [
        *_coalitions(sections),
        *_duties(sections),
        *(problem for number, section in sections for problem in _nothing_to_measure(number, section, relays)),
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
