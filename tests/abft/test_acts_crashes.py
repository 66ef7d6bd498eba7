"""Power may fail before any effect: no key answers twice, nothing that was wanted is forgotten."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qkdctl.abft.act_messages import KeyShare, PartialTag, Tell
from qkdctl.abft.acts import Acts
from qkdctl.abft.effects import Alarm, Persist
from qkdctl.records.act import ActivatePolicy
from tests.abft.act_network import ActNetwork, book

POLICY = ActivatePolicy(policy="ab" * 32)
OTHER = ActivatePolicy(policy="cd" * 32)


@given(st.data())
@settings(max_examples=20)
def test_an_act_takes_effect_whenever_power_fails_and_no_key_answers_twice(data):
    network = ActNetwork(book(), seed=data.draw(st.integers(0, 99)))
    network.lost = data.draw(st.sampled_from([0.0, 0.2]))

    def maybe_crash():
        for host in network.hosts.values():
            host.crash_in = data.draw(st.none() | st.integers(0, 30), label=f"crash of {host.name}")

    maybe_crash()
    network.decide()
    maybe_crash()
    number = network.file("a", POLICY)
    maybe_crash()
    network.approve(number, "bc")
    for _ in range(12):
        network.decide()
    assert network.outcomes() == {number: "effective"}
    assert all(len(tags) == 1 for tags in network.said.values())
    assert network.secrets_of(number) == []


def test_a_withdrawal_holds_before_whichever_effect_power_fails():
    """All verifiers have accepted already, so only the withdrawal stands between the act and its effect."""
    for crash_in in range(12):
        network = ActNetwork(book())
        network.decide()
        number = network.file("a", POLICY)
        network.approve(number, "b")
        network.hosts["a"].crash_in = crash_in
        network.withdraw("a")
        for _ in range(8):
            network.decide()
        assert network.outcomes() == {number: "withdrawn"}, crash_in
        assert network.secrets_of(number) == []


def test_every_single_crash_of_a_signer_between_marking_and_answering():
    """For each effect in turn: power fails before it, and then a second act comes under the same number."""
    for crash_in in range(40):
        network = ActNetwork(book())
        network.decide()
        number = network.file("a", POLICY)
        signer = network.hosts["b"]
        signer.crash_in = crash_in
        network.approve(number, "b")
        fork = network.book.model_copy(
            update={"open": (network.book.open[0].model_copy(update={"act": OTHER}),), "closed": ()}
        )
        signer.do(lambda acts, fork=fork: acts.decided(fork))
        assert all(len(tags) == 1 for (node, _, _), tags in network.said.items() if node == "b")
        if signer.crashes == 0:
            return
    pytest.fail("the last crash must be beyond the last effect")


def test_a_fork_under_one_number_is_refused_with_an_alarm_and_sends_nothing():
    network = ActNetwork(book())
    network.decide()
    number = network.file("a", POLICY)
    network.approve(number, "b")
    fork = network.book.model_copy(update={"open": (network.book.open[0].model_copy(update={"act": OTHER}),)})
    for node in "bc":
        acts = network.hosts[node].acts
        effects = acts.decided(fork)
        assert {effect.code for effect in effects if isinstance(effect, Alarm)} == {"act-number-reused"}
        assert not any(isinstance(effect, Tell) and isinstance(effect.message, PartialTag) for effect in effects)


def test_a_signer_that_answered_takes_no_second_share_of_that_key():
    """Verifier d lost its store and deals again for an act that is open."""
    network = ActNetwork(book())
    network.decide()
    number = network.file("a", POLICY)
    network.approve(number, "b")
    shares = []
    network.liars, network.tamper = frozenset("d"), lambda *seen: shares.append(seen) or seen[2]
    del network.hosts["d"].stored[f"act-check/{number}"]
    network.hosts["d"].start()
    network.decide("ab")
    assert any(to == "b" and message.number == number for _, to, message in shares if hasattr(message, "share"))
    assert f"act-share/d/{number}" not in network.hosts["b"].stored
    assert len(network.said["b", "d", number]) == 1


def test_under_an_old_number_nothing_is_answered_with_the_ledger_of_yesterday_and_the_store_of_today():
    network = ActNetwork(book())
    network.decide()
    number = network.file("a", POLICY)
    old = network.book
    network.approve(number, "b")
    network.decide()
    network.decide()
    host = network.hosts["c"]
    assert host.stored["act-floor"] == "1"
    acts = Acts("c", "ring", old, dict(host.stored), network.source.randbytes)
    acts.decided(old)
    effects = acts.approve(number)
    assert [type(effect) for effect in effects] == [Persist], "the approval alone"
    assert acts.received("d", KeyShare(number, 0, "00" * 528)) == [], "and no new share helps"


def test_nothing_is_sent_before_what_it_depends_on_is_stored():
    """Effects are executed in order: the write that destroys the share comes right before the answer."""
    network = ActNetwork(book())
    network.decide()
    number = network.file("a", POLICY)
    effects = network.hosts["b"].acts.approve(number)
    written = set()
    for effect in effects:
        if isinstance(effect, Persist):
            written |= {key for key, text in effect.writes.items() if key.startswith("act-answer") and text}
            written |= {key for key, text in effect.writes.items() if key.startswith("act-share") and text is None}
        if isinstance(effect, Tell):
            assert {f"act-answer/{effect.to}/{number}", f"act-share/{effect.to}/{number}"} <= written
