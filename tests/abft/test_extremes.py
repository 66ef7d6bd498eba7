"""Whatever liars claim, over however many epochs, what is agreed can be read back."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qkdctl.abft.act_book import next_book
from qkdctl.abft.snapshot import next_state
from qkdctl.agreement.state import AgreedState
from qkdctl.evidence.claims import LONGEST_RECORD_MS, LONGEST_SILENCE_MS
from qkdctl.policy.baselines import RuleBased
from qkdctl.policy.history import ShieldHistory
from qkdctl.policy.shield import shield
from qkdctl.policy.shield_settings import ShieldSettings
from qkdctl.records.act import ActBook
from qkdctl.records.network import NetworkState
from qkdctl.records.relay_audits import RelayAudits
from qkdctl.records.report import NodeReport
from qkdctl.records.saturation import LARGEST, saturated
from qkdctl.records.session import BasisCounts
from tests.abft.networks import Play, ring

EPOCHS = 4
COUNTS = st.one_of(st.just(0), st.just(LARGEST), st.integers(0, LARGEST))
SESSION_COUNTS = ("pulses", "secret_key_bits", "duration_ms", "dead_ms", "block", "started_ms")


@st.composite
def basis(draw: st.DrawFn) -> BasisCounts:
    columns = [sorted((draw(COUNTS), draw(COUNTS), draw(COUNTS))) for _ in range(3)]
    errors, detected, sent = (tuple(row) for row in zip(*columns, strict=True))
    return BasisCounts(sent=sent, detected=detected, errors=errors)


@st.composite
def lies(draw: st.DrawFn) -> dict[str, Any]:
    """What a liar puts into all its ends in one epoch; none at all is silence."""
    if draw(st.booleans()):
        return {"ends": ()}
    sound = draw(st.booleans())
    times = {"duration_ms": LONGEST_RECORD_MS, "dead_ms": draw(st.integers(0, LONGEST_RECORD_MS))}
    made: dict[str, Any] = times if sound else {name: draw(COUNTS) for name in SESSION_COUNTS}
    if not sound:
        made |= {"z": draw(basis()), "x": draw(basis()), "mean_photon_numbers_e6": tuple(draw(COUNTS) for _ in "abc")}
    end = {name: draw(COUNTS) for name in ("age_ms", "attenuation_mdb", "realigns")}
    return {"session": made, "end": end | {"trusted": draw(st.sampled_from((0, 1)))}, "wall_ms": draw(COUNTS)}


def told(entry: NodeReport, lie: dict[str, Any]) -> NodeReport:
    """The report with the lie in it, as it would be read from the wire."""
    ends: tuple[Any, ...] = ()
    if "end" in lie:
        ends = tuple(
            end.model_copy(
                update={
                    **lie["end"],
                    "sessions": tuple(record.model_copy(update=lie["session"]) for record in end.sessions),
                }
            )
            for end in entry.ends
        )
    changes = {"ends": ends, "wall_ms": lie.get("wall_ms", entry.wall_ms)}
    return NodeReport.from_json(entry.model_copy(update=changes).canonical())


class Decided:
    """A ring of four nodes that decide by the rule-based policy, each epoch with the reports given."""

    def __init__(self) -> None:
        self.play = Play(ring(4), faults=1)
        members = self.play.electorate.names
        self.book = ActBook(members=members, faults=1, threshold_wish=2, lifetime_epochs=9, policy="rule-based")
        self.history = ShieldHistory()

    def epoch(self, lies: dict[str, dict[str, Any]]) -> AgreedState:
        """Decide once; `lies` by liar."""
        play = self.play
        reports = [told(entry, lies[entry.node]) if entry.node in lies else entry for entry in play.reports()]
        electorate = play.electorate
        network = play.step(reports)
        limits = ShieldSettings()
        plan = shield(network, RuleBased().propose(network, play.table), limits, play.table, self.history)
        self.history = self.history.after(plan, limits.window_epochs(play.table.epoch_ms))
        self.book = next_book(self.book, network.epoch, {entry.node: entry.acts for entry in reports}, electorate)
        return AgreedState(
            network=network, shield=self.history, failures=0, ejected=0, book=self.book, routes=(), audits=RelayAudits()
        )


@settings(max_examples=40, deadline=None)
@given(st.lists(st.fixed_dictionaries({"node-0": lies()}), min_size=EPOCHS, max_size=EPOCHS))
def test_no_liar_makes_a_state_that_cannot_be_read_back(epochs: list[dict[str, dict[str, Any]]]) -> None:
    network = Decided()
    for lies_of_epoch in epochs:
        state = network.epoch(lies_of_epoch)
        assert AgreedState.from_json(state.canonical()) == state


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(lies(), min_size=4, max_size=4), min_size=EPOCHS, max_size=EPOCHS))
def test_not_even_if_all_nodes_lie(epochs: list[list[dict[str, Any]]]) -> None:
    play = Play(ring(4), faults=1)
    for lies_of_epoch in epochs:
        reports = [told(entry, lie) for entry, lie in zip(play.reports(), lies_of_epoch, strict=True)]
        state = play.step(reports)
        assert NetworkState.from_json(state.canonical()) == state


@pytest.mark.parametrize("silence", [1, 3])
def test_an_age_at_the_end_of_the_range_stays_there_in_silence(silence: int) -> None:
    network = Decided()
    network.epoch({"node-0": {"end": {"age_ms": LARGEST}, "session": {}}})
    for _ in range(silence):
        state = network.epoch({"node-0": {"ends": ()}})
        assert AgreedState.from_json(state.canonical()) == state
    assert max(link.age_ms for link in state.network.links) == LARGEST


def test_dead_time_at_the_end_of_the_range_stays_there() -> None:
    play = Play(ring(4), faults=1)
    state = play.run(1)
    links = tuple(link.model_copy(update={"dead_run_ms": LARGEST - 1}) for link in state.links)
    play.state = state.model_copy(update={"links": links})
    lie = {"end": {}, "session": {"dead_ms": 900}}
    state = play.step([told(entry, lie) for entry in play.reports()])
    assert {link.dead_run_ms for link in state.links} == {LARGEST}
    assert NetworkState.from_json(state.canonical()) == state


@pytest.mark.parametrize(
    ("lie", "blamed"),
    [
        ({"end": {"age_ms": LONGEST_SILENCE_MS}, "session": {}}, False),
        ({"end": {"age_ms": LONGEST_SILENCE_MS + 1}, "session": {}}, True),
        ({"end": {"age_ms": LONGEST_SILENCE_MS + 1, "trusted": 0}, "session": {}}, False),
        ({"end": {}, "session": {"duration_ms": LONGEST_RECORD_MS}}, False),
        ({"end": {}, "session": {"duration_ms": LONGEST_RECORD_MS + 1}}, True),
    ],
)
def test_times_that_no_honest_node_can_have_measured_are_blamed_on_who_vouches_for_them(
    lie: dict[str, Any], blamed: bool
) -> None:
    play = Play(ring(4), faults=1)
    reports = [told(entry, lie) if entry.node == "node-0" else entry for entry in play.reports()]
    state = next_state(None, reports, play.table, play.electorate)
    assert {entry.node for entry in state.verdicts if entry.cause == "impossible-claim"} == (
        {"node-0"} if blamed else set()
    )


def test_sums_stop_at_the_end_of_the_range() -> None:
    sums = (0, LARGEST - 1, LARGEST, LARGEST + 1, 2 * LARGEST)
    assert [saturated(total) for total in sums] == [0, LARGEST - 1, LARGEST, LARGEST, LARGEST]
