"""Each attack that must be survived, alone and on the heaviest node, against an oracle that sees everything."""

from dataclasses import replace

import pytest

from hil_sim.agreement.checkers.forks import may_split
from hil_sim.agreement.collusion import collude, draw_collusion
from hil_sim.agreement.draw import draw
from hil_sim.agreement.liars.library import BEHAVIOURS
from hil_sim.agreement.result import Result
from hil_sim.agreement.scenario import Lies, Scenario
from hil_sim.agreement.simulation import Simulation
from hil_sim.agreement.weather import Spell
from qkdctl.abft.quorum import Electorate, Member

NOBODY = "f" * 64


def attacked(behaviours: tuple[str, ...], nodes: int = 4, faults: int = 1, seed: int = 0, **changes: object) -> Result:
    """Liars on the first nodes, who weigh most, in a network that delays little and loses nothing."""
    scenario = draw(seed, nodes, faults)
    names = scenario.founders.names
    scores = {name: 1_000_000 if index < faults else 900_000 for index, name in enumerate(names)}
    calm = replace(
        scenario,
        epochs=5,
        founders=Electorate(tuple(Member(name, scores[name]) for name in names), faults),
        liars={name: Lies(behaviours) for name in names[:faults]},
        skewed="",
        changes={},
        spares=(),
        crashes=(),
        spells=(Spell(10.0),),
        heal_s=10.0,
    )
    return Simulation(replace(calm, **changes)).run()  # type: ignore[arg-type]


@pytest.mark.parametrize("behaviour", [*sorted(BEHAVIOURS), "twins"])
def test_one_liar_of_four(behaviour: str) -> None:
    assert attacked((behaviour,)).violation == ""


@pytest.mark.parametrize("behaviour", ["equivocator", "withholder", "twins", "forger", "usurper"])
def test_two_liars_of_seven_who_know_of_each_other(behaviour: str) -> None:
    assert attacked((behaviour, "two-reports", "yes-man"), 7, 2, seed=1).violation == ""


def test_behave_then_strike() -> None:
    liars = {"n01": Lies(("equivocator", "forger", "yes-man"), from_epoch=3)}
    assert attacked((), liars=liars).violation == ""


def test_a_node_with_another_policy_never_diverges_and_stops_nobody() -> None:
    assert attacked((), liars={}, skewed="n02").violation == ""


def test_a_fifth_of_all_messages_lost_others_doubled_and_late() -> None:
    spell = Spell(30.0, loss=0.2, duplication=0.2, delay_s=(0.0, 0.5), straggling=0.1)
    assert attacked(("mutator",), spells=(spell,), heal_s=30.0).violation == ""


def test_a_network_in_two_halves_decides_nothing_and_goes_on_when_it_heals() -> None:
    halves = frozenset((a, b) for a in ("n01", "n02") for b in ("n03", "n04"))
    spell = Spell(20.0, cut=halves | {(b, a) for a, b in halves})
    scenario = replace(calm_scenario(), spells=(spell,), heal_s=20.0)
    simulation = Simulation(scenario)
    decided_at = []
    original = simulation.world.did
    simulation.world.did = lambda host, effect: (  # type: ignore[method-assign]
        decided_at.append(simulation.world.scheduler.now) if type(effect).__name__ == "Commit" else None,
        original(host, effect),
    )[1]
    result = simulation.run()
    assert result.violation == ""
    assert min(decided_at) > 20.0
    assert result.decided == scenario.epochs


def calm_scenario() -> Scenario:
    """Four honest nodes and nothing in the way."""
    scenario = draw(0, 4, 1)
    return replace(scenario, liars={}, skewed="", changes={}, spares=(), crashes=(), founders=members_of(scenario))


def members_of(scenario: Scenario) -> Electorate:
    return Electorate.equal(scenario.founders.names, scenario.faults)


@pytest.mark.parametrize(("nodes", "faults", "seed"), [(4, 1, 0), (4, 1, 1), (7, 2, 2)])
def test_one_liar_too_many_may_split_the_ledger_and_never_in_silence(nodes: int, faults: int, seed: int) -> None:
    assert may_split(draw_collusion(seed, nodes, faults))
    assert collude(seed, nodes, faults).violation == ""


def test_with_a_node_to_spare_and_equal_weights_not_even_one_liar_too_many_splits_the_ledger() -> None:
    equal = [seed for seed in range(12) if len(set(draw_collusion(seed, 5, 1).founders.weights.values())) == 1]
    assert not any(may_split(draw_collusion(seed, 5, 1)) for seed in equal)
    assert collude(equal[0], 5, 1).violation == ""
