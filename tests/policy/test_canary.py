"""A policy on some links for a time, another one on all others: together one policy, the same at every node."""

import pytest

from qkdctl.policy.canary import Canary, CanaryPolicy
from qkdctl.policy.failure import PolicyFailure
from tests.agreement.lone import Lone, Scripted
from tests.policy.states import facts, link, state, table_of

LINKS = ("a-b", "c-d", "e-f")
TABLE = table_of(*map(facts, LINKS))
BASE, TRIED = Scripted("a", "hold"), Scripted("b", "realign")
CANARY = Canary(base=BASE.identity, policy=TRIED.identity, links=("c-d", "x-y"), until=100)


def actions(epoch: int, tried: Scripted = TRIED) -> list[str]:
    known = state(*map(link, LINKS), epoch=epoch)
    proposal = CanaryPolicy(CANARY, BASE, tried).propose(known, TABLE)
    assert proposal.policy == CANARY.digest()
    assert [entry.link for entry in proposal.links] == list(LINKS)
    return [entry.action for entry in proposal.links]


def test_it_decides_for_its_links_until_its_time_is_over() -> None:
    assert actions(100) == ["hold", "realign", "hold"]
    assert actions(101) == ["hold", "hold", "hold"]


def test_a_failure_of_the_one_that_is_tried_is_one_of_both_and_over_with_its_time() -> None:
    with pytest.raises(PolicyFailure):
        actions(100, Scripted("b", ""))
    assert actions(101, Scripted("b", "")) == ["hold", "hold", "hold"]


def test_every_node_that_is_told_the_same_has_the_same() -> None:
    assert Canary.from_json(CANARY.canonical()).digest() == CANARY.digest()
    others = [{"until": 101}, {"links": ("c-d",)}, {"base": "hold"}, {"policy": "f" * 64}]
    assert len({CANARY.model_copy(update=change).digest() for change in others} | {CANARY.digest()}) == 5


@pytest.mark.parametrize("links", [("c-d", "a-b"), ("a-b", "a-b"), ()])
def test_links_have_one_order(links: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="links"):
        Canary(base="hold", policy="f" * 64, links=links, until=1)


def test_a_policy_is_not_tried_beside_itself() -> None:
    with pytest.raises(ValueError, match="itself"):
        Canary(base="hold", policy="hold", links=("a-b",), until=1)


def test_it_is_activated_and_fallen_back_from_as_any_other() -> None:
    bad = Scripted("f")
    canary = Canary(base="rule-based", policy=bad.identity, links=("alice-bob",), until=50)
    lone = Lone("rule-based", bad)
    lone.policies[canary.digest()] = CanaryPolicy(canary, lone.policies["rule-based"], bad)
    lone.decide(3)
    lone.activate(canary.digest())
    assert lone.decide().plan.policy == canary.digest()
    bad.action = ""
    lone.decide(5)
    assert lone.policy == "rule-based"
    assert lone.state.watch.last[0].policy == canary.digest()
