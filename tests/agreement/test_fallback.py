"""A network falls back to the policy before by what it has agreed on, and takes the other again only by an act."""

import pytest

from qkdctl.agreement.application import NodeApplication
from qkdctl.policy.watch import RULES
from tests.agreement.lone import Lone, Scripted

GOOD, BETTER = Scripted("a"), Scripted("b")
STANDARD = RULES.settle_epochs + RULES.least_link_epochs


def changed(before: Lone) -> bool:
    return bool(before.state.watch.last) and before.state.watch.last[0].epoch == before.state.network.epoch


def test_a_policy_that_fails_is_left_within_one_epoch_of_its_ejection() -> None:
    bad = Scripted("f")
    lone = Lone(GOOD.identity, GOOD, bad)
    lone.decide(5)
    lone.activate(bad.identity)
    bad.action = ""
    plans = [lone.decide().plan.policy for _ in range(3)]
    assert plans == ["rule-based"] * 3, "whoever fails plans nothing"
    assert (lone.policy, lone.state.ejected) == (bad.identity, 1)
    assert lone.decide().plan.policy == "rule-based"
    assert lone.policy == GOOD.identity
    assert lone.state.watch.last[0].cause == "failed"
    assert (lone.state.failures, lone.state.ejected) == (0, 0)
    assert lone.decide().plan.policy == GOOD.identity


def test_a_policy_that_fails_once_stays() -> None:
    shaky = Scripted("f")
    lone = Lone(shaky.identity, shaky)
    for _ in range(10):
        shaky.action = ""
        lone.decide(2)
        shaky.action = "hold"
        lone.decide()
    assert lone.policy == shaky.identity
    assert lone.state.watch.rolled_back == ()


def test_without_a_policy_before_the_baseline_is_what_is_left() -> None:
    bad = Scripted("f", "")
    lone = Lone(bad.identity, bad)
    lone.decide(4)
    assert lone.policy == "rule-based"
    assert lone.state.watch.rolled_back == (bad.identity,)


@pytest.mark.parametrize(
    ("cause", "change"),
    [
        ("key-rate", {"key_bits": 120_000}),
        ("qber", {"errors": 40_000}),
        ("shield", {"action": "switch-tf"}),
    ],
)
def test_doing_much_worse_than_the_policy_before(cause: str, change: dict[str, object]) -> None:
    worse = Scripted("f", str(change.get("action", "hold")))
    lone = Lone(GOOD.identity, GOOD, worse)
    lone.decide(STANDARD)
    began = lone.activate(worse.identity)
    lone.key_bits, lone.errors = int(str(change.get("key_bits", 250_000))), int(str(change.get("errors", 4_000)))
    lone.decide(100, until=lambda: changed(lone))
    assert lone.policy == GOOD.identity
    assert lone.state.watch.last[0].cause == cause
    assert lone.state.network.epoch - began <= STANDARD + 3


def test_doing_as_well_keeps_a_policy() -> None:
    lone = Lone(GOOD.identity, GOOD, BETTER)
    lone.decide(STANDARD)
    lone.activate(BETTER.identity)
    lone.key_bits = 130_000
    lone.decide(100)
    assert lone.policy == BETTER.identity


def test_bad_weather_after_the_probation_is_not_blamed_on_the_policy() -> None:
    lone = Lone(GOOD.identity, GOOD, BETTER)
    lone.decide(STANDARD)
    lone.activate(BETTER.identity)
    lone.decide(RULES.probation_epochs)
    lone.key_bits = 0
    lone.decide(200)
    assert lone.policy == BETTER.identity


def test_a_baseline_is_never_fallen_back_from() -> None:
    lone = Lone(GOOD.identity, GOOD)
    lone.decide(STANDARD)
    lone.activate("hold")
    lone.key_bits = 0
    lone.decide(200)
    assert lone.policy == "hold"


def test_what_was_fallen_back_from_comes_again_only_by_an_act() -> None:
    bad = Scripted("f", "")
    lone = Lone(GOOD.identity, GOOD, bad)
    lone.decide(2)
    lone.activate(bad.identity)
    lone.decide(4)
    assert lone.policy == GOOD.identity
    lone.decide(50)
    assert (lone.policy, lone.state.watch.rolled_back) == (GOOD.identity, (bad.identity,))
    bad.action = "hold"
    lone.activate(bad.identity)
    lone.decide(10)
    assert (lone.policy, lone.state.watch.rolled_back) == (bad.identity, ())


def test_two_bad_policies_in_a_row_do_not_lead_in_circles() -> None:
    one, two = Scripted("1"), Scripted("2")
    lone = Lone("rule-based", one, two)
    lone.decide(2)
    lone.activate(one.identity)
    lone.activate(two.identity)
    one.action = two.action = ""
    seen = []
    for _ in range(40):
        lone.decide()
        seen.append(lone.policy)
    assert list(dict.fromkeys(seen)) == [two.identity, one.identity, "rule-based"]
    assert set(lone.state.watch.rolled_back) == {one.identity, two.identity}


def test_whoever_has_not_got_the_policy_computes_the_same_fallback_from_the_ledger() -> None:
    bad = Scripted("f")
    lone = Lone(GOOD.identity, GOOD, bad)
    lone.decide(2)
    lone.activate(bad.identity)
    bad.action = ""
    lone.decide(6)
    auditor = NodeApplication(lambda: lone.terms, {}.get, None)
    for entry in lone.entries:
        auditor.advance(auditor.after(entry)[1])
    assert auditor.state == lone.state
