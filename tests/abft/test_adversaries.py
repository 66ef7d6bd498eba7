"""Trust in simulated networks: liars on their links lose it within 20 epochs, the honest keep it in the same weather.

The longer form is `tests.campaigns.trust`.
"""

import pytest

from tests.campaigns.trust.cases import FAULTS, TOPOLOGIES, liars, neighbours, network
from tests.campaigns.trust.simulated import Simulated

SEED = 5


def simulated(topology: str, *kinds: str, seed: int = SEED, **duty: float) -> Simulated:
    """With f liars that do this on all their links."""
    if not kinds:
        return Simulated(network(topology, seed), FAULTS[topology], seed)
    entry = {"nodes": liars(topology, seed), "kinds": list(kinds), "strength": 0.9, "replay_delay_epochs": 3}
    if duty:
        entry["duty"] = dict(duty)
    return Simulated(network(topology, seed, [entry]), FAULTS[topology], seed)


@pytest.mark.parametrize("topology", TOPOLOGIES)
@pytest.mark.parametrize("kind", ["understate-errors", "freeze", "replay"])
def test_liars_on_all_their_links_are_below_half_trust_within_20_epochs_and_nobody_else_is_blamed(
    topology: str, kind: str
) -> None:
    story = simulated(topology, kind)
    wrongly = 0
    for _ in range(20):
        story.step()
        wrongly += sum(name in story.blamed() for name in story.honest)
    assert wrongly == 0
    assert {name: story.trust()[name] < 500_000 for name in story.byzantine} == dict.fromkeys(story.byzantine, True)
    assert min(story.scores()[name] for name in story.honest) == 1_000_000
    across = neighbours(story.network)
    framed = {name for name in story.honest if 2 * len(across[name] & story.byzantine) > len(across[name])}
    assert min(story.trust()[name] for name in {*story.honest} - framed) == 1_000_000


@pytest.mark.parametrize("topology", TOPOLOGIES)
def test_who_contradicts_more_neighbours_than_may_lie_loses_the_vote_too(topology: str) -> None:
    story = simulated(topology, "understate-errors")
    for _ in range(20):
        story.step()
    across = neighbours(story.network)
    many = [name for name in story.byzantine if len(across[name] - story.byzantine) > max(1, FAULTS[topology])]
    assert all(story.scores()[name] == 50_000 for name in many)


@pytest.mark.parametrize("topology", TOPOLOGIES)
def test_who_sends_two_reports_is_below_half_within_five_epochs(topology: str) -> None:
    liar = liars(topology, SEED)[0]
    story = Simulated(network(topology, SEED), FAULTS[topology], SEED, equivocators=[liar])
    for _ in range(5):
        story.step()
    assert story.scores()[liar] < 500_000
    assert {story.scores()[name] for name in story.honest} == {1_000_000}


def test_in_two_hundred_noisy_epochs_every_honest_node_keeps_nine_tenths() -> None:
    story = simulated("secoqc-vienna")
    for _ in range(200):
        story.step()
    assert min(story.scores().values()) > 900_000
    assert min(story.trust().values()) > 900_000
    assert min(story.electorate.weights.values()) > 900


def test_who_reports_nothing_is_excluded_too_but_more_slowly() -> None:
    story = simulated("secoqc-vienna", "withhold-report")
    [liar] = story.byzantine
    for _ in range(22):
        story.step()
    assert {cause for causes in story.blamed().values() for cause in causes} <= {"late-report"}
    assert 400_000 < story.scores()[liar] < 500_000


def test_a_node_that_strikes_now_and_then_does_not_shake_off_its_disputes() -> None:
    """One epoch in ten is enough: a dispute lasts a hundred agreed epochs, whatever is agreed in between."""
    story = simulated("secoqc-vienna", "slander", period=10, burst=1)
    [liar] = story.byzantine
    for _ in range(40):
        story.step()
    assert story.scores()[liar] < 100_000
    assert min(story.scores()[name] for name in story.honest) == 1_000_000


def test_a_liar_that_is_wary_of_its_trust_stays_excluded_until_its_edges_agreed_a_hundred_times() -> None:
    story = simulated("secoqc-vienna", "slander", wary_below=0.9)
    [liar] = story.byzantine
    for _ in range(100):
        story.step()
    assert story.scores()[liar] == 50_000
    assert story.state is not None
    assert story.state.disputes != ()
