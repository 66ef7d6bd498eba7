"""Nothing that a forger changes in a ledger goes unnoticed, even if all hashes are made anew."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qkdctl.audit.recorded import Recorded
from qkdctl.audit.verification import Verification, verify_ledger
from qkdctl.network.load import parse_description
from qkdctl.policy.baselines import RuleBased
from qkdctl.policy.proposal import Proposal
from qkdctl.records.facts import LinkTable
from qkdctl.records.network import NetworkState
from tests.audit.ledgers import (
    EPOCHS,
    SET_POINTS,
    Json,
    chained,
    decisions,
    description,
    forged,
    ledger_of,
    sound,
    without_reports,
)
from tests.network.texts import RING_TEXT

Path = tuple[str | int, ...]


def verified(ledger: tuple[Recorded, ...], policy: str = "rule-based") -> Verification:
    return verify_ledger(ledger, description(policy))


def reason(ledger: tuple[Recorded, ...], policy: str = "rule-based") -> tuple[int, str]:
    """Number of the first wrong entry, and why."""
    broken = verified(ledger, policy).broken
    assert broken is not None
    return broken.sequence, broken.reason


def test_a_sound_ledger_is_checked_to_the_last_report_and_plan() -> None:
    found = verified(sound())
    assert (found.broken, found.unchecked) == (None, [SET_POINTS])
    assert (found.entries, found.decisions, found.reports) == (EPOCHS + 1, EPOCHS, 4 * EPOCHS - 1)
    assert (found.recomputed, found.plans) == (EPOCHS, EPOCHS)


def less(payload: Json) -> None:
    payload["value"]["outcome"]["plan"]["links"][0]["mean_photon_number_e6"] -= 1


def other_state(payload: Json) -> None:
    payload["value"]["outcome"]["state"] = "ab" * 32


def other_routes(payload: Json) -> None:
    payload["value"]["outcome"]["routes"] = []


def other_policy(payload: Json) -> None:
    payload["value"]["outcome"]["policy"] = "hold"


def promoted(payload: Json) -> None:
    payload["value"]["electorate"]["members"][0][1] -= 1


def fewer_reports(payload: Json) -> None:
    del payload["value"]["reports"][1:]


def stranger(payload: Json) -> None:
    payload["value"]["reports"][0][0] = "aaron"


def twice(payload: Json) -> None:
    payload["value"]["reports"][1] = payload["value"]["reports"][0]


def other_voters(payload: Json) -> None:
    payload["chain"]["electorate"]["members"][0][1] -= 1000


def later(payload: Json) -> None:
    payload["chain"]["epoch"] += 1
    payload["value"]["epoch"] += 1


def no_outcome(payload: Json) -> None:
    del payload["value"]["outcome"]["plan"]


def no_decision(payload: Json) -> None:
    payload["value"] = {"epoch": 1}


@pytest.mark.parametrize(
    ("epoch", "change", "entry", "words"),
    [
        (2, other_policy, 2, "the policy in force does not follow from the reports"),
        (2, less, 2, "the plan of e-s is not what policy rule-based and the shield give"),
        (EPOCHS, less, EPOCHS, "the plan of e-s is not what policy rule-based and the shield give"),
        (EPOCHS, other_state, EPOCHS, "the state of links and nodes does not follow from the reports"),
        (EPOCHS, other_routes, EPOCHS, "the routes do not follow"),
        (EPOCHS, promoted, EPOCHS, f"the electorate of epoch {EPOCHS + 2} does not follow"),
        (2, fewer_reports, 2, "only 1 reports count; those of 3 of 4 members must"),
        (2, stranger, 2, "aaron reported but is no member"),
        (2, twice, 2, "one author has two"),
        (3, other_voters, 3, "other members, scores or f decide than epoch 1 named"),
        (1, other_voters, 1, "other members, scores or f decide than the description names"),
        (3, later, 3, "epoch 3 is expected here"),
        (1, later, 1, "the first decision is expected to be of epoch 1"),
        (2, no_outcome, 2, "the outcome is none"),
        (2, no_decision, 2, "it holds no decision"),
    ],
)
def test_the_first_thing_that_is_wrong_is_named(
    epoch: int, change: Callable[[Json], None], entry: int, words: str
) -> None:
    number, why = reason(forged(epoch, change))
    assert number == entry
    assert words in why


def test_a_report_that_was_changed_is_not_the_one_that_was_decided() -> None:
    payloads = [(dict(r.entry.payload), dict(r.reports)) for r in sound()[1:]]
    digest, text = next(iter(payloads[1][1].items()))
    plain = json.loads(text)
    plain["wall_ms"] += 1
    payloads[1][1][digest] = json.dumps(plain, sort_keys=True, separators=(",", ":"))
    number, why = reason(chained(payloads))
    assert (number, why) == (2, f"epoch 2: the report of {plain['node']} that is kept is not the one that was decided")


def test_another_description_is_found_out_at_the_first_decision() -> None:
    other = parse_description(RING_TEXT.replace("least_loss_db = 8", "least_loss_db = 9"))
    broken = verify_ledger(sound(), other).broken
    assert broken is not None
    assert (broken.sequence, "under a description with the digest" in broken.reason) == (1, True)


def test_without_a_description_decisions_are_followed_and_it_says_what_is_left() -> None:
    found = verify_ledger(sound(), None)
    assert (found.broken, found.decisions, found.recomputed) == (None, EPOCHS, 0)
    assert found.unchecked == [
        "whether decisions follow from reports: that needs the description of the network",
        SET_POINTS,
    ]


def test_without_a_description_a_change_is_found_at_the_decision_that_follows() -> None:
    broken = verify_ledger(forged(2, less), None).broken
    assert broken is not None
    assert (broken.sequence, broken.reason[:30]) == (3, "epoch 3: it follows a decision")


def test_once_a_report_is_missing_nothing_after_it_is_computed() -> None:
    found = verified(without_reports(sound(), 3))
    assert (found.broken, found.decisions, found.recomputed) == (None, EPOCHS, 2)
    missing, stopped, set_points = found.unchecked
    assert missing.startswith("4 reports of which only the digest is here")
    assert stopped.startswith("whether decisions follow from reports, from epoch 3 on: epoch 3: reports of east, north")
    assert set_points == SET_POINTS


class Foreign:
    """A policy that is not at hand for the auditor."""

    identity = "fe" * 32

    def propose(self, state: NetworkState, facts: LinkTable) -> Proposal:
        return Proposal(self.identity, RuleBased().propose(state, facts).links)


def test_all_entries_that_begin_with_the_digits_asked_for_are_counted() -> None:
    hashes = [recorded.entry.hash for recorded in sound()]
    for digits in (hashes[1], hashes[1][:12], hashes[1][:1]):
        assert verify_ledger(sound(), None, contains=digits).seen == sum(each.startswith(digits) for each in hashes)
    assert verify_ledger(sound(), None).seen == 0


def test_plans_of_a_policy_that_is_not_at_hand_are_left_out_and_all_else_is_checked() -> None:
    ledger = ledger_of(decisions(policy=Foreign()))
    found = verified(ledger, Foreign.identity)
    assert (found.broken, found.recomputed, found.plans) == (None, EPOCHS, 0)
    assert found.unchecked == [f"plans of policy {'fe' * 6}, which is not at hand", SET_POINTS]
    assert verify_ledger(ledger, description(Foreign.identity), [Foreign()]).plans == EPOCHS
    assert reason(forged(EPOCHS, other_routes, ledger), Foreign.identity)[0] == EPOCHS


def test_decisions_of_an_earlier_version_may_stand_before_the_first() -> None:
    older: list[tuple[Json, Json]] = [({"decision": {"epoch": 1}}, {})]
    ledger = chained(older + [(dict(r.entry.payload), dict(r.reports)) for r in sound()[1:]])
    found = verified(ledger)
    assert (found.broken, found.decisions) == (None, EPOCHS)
    assert found.unchecked == ["1 decisions of an earlier version, which stand alone", SET_POINTS]


def leaves(value: Any, path: Path = ()) -> Iterator[Path]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from leaves(inner, (*path, name))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from leaves(inner, (*path, number))
    else:
        yield path


@settings(max_examples=50)
@given(data=st.data())
def test_no_number_and_no_word_of_any_decision_can_be_changed(data: st.DataObject) -> None:
    epoch = data.draw(st.integers(1, EPOCHS), label="epoch")
    payload = sound()[epoch].entry.payload
    *way, last = data.draw(st.sampled_from(list(leaves(payload))), label="path")

    def change(changed: Any) -> None:
        for step in way:
            changed = changed[step]
        old = changed[last]
        other = st.integers(0, 2**40) if isinstance(old, int) else st.text("0123456789abcdef-", max_size=64)
        changed[last] = data.draw(other.filter(lambda value: value != old), label="value")

    found = verified(forged(epoch, change))
    if found.broken is None:
        assert (epoch, way[:2]) == (EPOCHS, ["value", "reports"]), "it may name a report that nobody has"
        assert found.recomputed == EPOCHS - 1
        assert found.unchecked
    else:
        assert epoch <= found.broken.sequence <= epoch + 1
