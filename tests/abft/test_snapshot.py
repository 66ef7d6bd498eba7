"""From agreed reports to the next state: every node computes the same, whatever the order and whoever lies."""

import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from qkdctl.abft.quorum import Electorate
from qkdctl.abft.snapshot import next_state
from qkdctl.records.network import NetworkState
from qkdctl.records.report import EndReport, NodeReport
from qkdctl.records.session import BasisCounts, SessionRecord
from tests.abft.networks import Play, names, ring
from tests.records.samples import end_report, report, session, table

BENCH = Electorate.equal(("bench",), 0)


def alone(*epochs: int, start: NetworkState | None = None) -> NetworkState:
    """A single node that owns both ends of its link."""
    state = start
    for epoch in epochs:
        both = end_report(session(epoch)), end_report(session(epoch, "bob"), end="bob")
        state = next_state(state, [report(epoch, *both)], table(), BENCH)
    assert state is not None
    return state


def test_a_single_node_with_both_ends_runs_through_the_same_function() -> None:
    state = alone(1, 2, 3)
    assert (state.epoch, state.links[0].valid, state.links[0].secret_key_bits) == (3, 1, 250_000)
    [standing] = state.standings
    assert (standing.node, standing.score_ppm, standing.trust_ppm) == ("bench", 1_000_000, 1_000_000)


def test_reports_must_be_of_one_rising_epoch_of_members_and_one_each() -> None:
    state = alone(5)
    with pytest.raises(ValueError, match="epoch 5 does not follow epoch 5"):
        next_state(state, [report(5)], table(), BENCH)
    with pytest.raises(ValueError, match="no report"):
        next_state(state, [], table(), BENCH)
    with pytest.raises(ValueError, match="two reports of bench in epoch 6"):
        next_state(state, [report(6), report(6)], table(), BENCH)
    with pytest.raises(ValueError, match=r"different epochs \[6, 7\]"):
        next_state(state, [report(6), report(7, node="other")], table(), BENCH)
    with pytest.raises(ValueError, match="other reported but is no member"):
        next_state(state, [report(6, node="other")], table(), BENCH)


def test_skipped_epochs_count_as_passed() -> None:
    both = end_report(session(1)), end_report(session(1, "bob"), end="bob", realigns=1)
    state = next_state(None, [report(1, *both)], table(), BENCH)
    assert alone(11, start=state).links[0].epochs_since_realign == 10


def test_a_link_that_nobody_reports_keeps_its_measurements_but_is_invalid_and_ages() -> None:
    state = next_state(alone(1), [report(2)], table(), BENCH)
    assert (state.links[0].valid, state.links[0].secret_key_bits, state.links[0].age_ms) == (0, 250_000, 1_050)
    assert state.rows == ()


def test_the_order_of_reports_has_no_effect() -> None:
    play = Play(ring(7), faults=2)
    play.lie("node-1", "node-4")
    reports = play.reports()
    shuffled = random.Random(1).sample(reports, len(reports))
    one = next_state(None, reports, play.table, play.electorate)
    two = next_state(None, shuffled, play.table, play.electorate)
    assert one == two
    assert one.digest() == two.digest()


_STORY = """
from tests.abft.networks import Play, complete
play = Play(complete(7), faults=2)
play.lie("node-0", "node-1", "node-2", "node-3")
print(play.run(3).digest())
"""


def test_processes_with_different_hash_seeds_compute_the_same_state() -> None:
    digests = {
        subprocess.run(
            [sys.executable, "-c", _STORY],
            env=os.environ | {"PYTHONHASHSEED": seed},
            cwd=Path(__file__).parents[2],
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(digests) == 1
    assert len(digests.pop().strip()) == 64


def test_ends_reported_by_another_node_than_their_own_are_ignored() -> None:
    play = Play(ring(4), faults=1)
    before = play.run(1)
    stolen = play.reports()
    liar = stolen[0].model_copy(update={"ends": stolen[2].ends})
    after = next_state(before, [liar, *stolen[1:]], play.table, play.electorate)
    assert after.disputes == ()
    assert {row.link for row in after.rows if row.valid} < {facts.link for facts in play.table.links}


def test_a_record_that_comes_one_epoch_late_still_counts_and_two_epochs_late_is_no_dispute() -> None:
    mine, theirs = end_report(session(1)), end_report(session(1, "bob"), end="bob")
    empty = end_report(), end_report(end="bob")
    state = next_state(None, [report(1, mine, empty[1])], table(), BENCH)
    assert [(entry.link, entry.end) for entry in state.pending] == [("alice-bob", "alice")]
    late = next_state(state, [report(2, empty[0], theirs)], table(), BENCH)
    assert (late.links[0].valid, late.links[0].secret_key_bits, late.pending) == (1, 250_000, ())
    state = next_state(state, [report(2, *empty)], table(), BENCH)
    state = next_state(state, [report(3, empty[0], theirs)], table(), BENCH)
    assert (state.links[0].valid, state.disputes) == (0, ())


def _nothing(end: EndReport) -> SessionRecord:
    """A session in which the link was re-aligned all the time."""
    none = BasisCounts(sent=(0, 0, 0), detected=(0, 0, 0), errors=(0, 0, 0))
    changes: dict[str, Any] = {"z": none, "x": none, "pulses": 0, "secret_key_bits": 0}
    return end.sessions[0].model_copy(update=changes)


def _of(end: EndReport) -> dict[str, Any]:
    return {"end": end.end, "link": end.link}


def test_a_dispute_lasts_until_both_ends_agreed_in_a_hundred_epochs_and_silence_does_not_count() -> None:
    play = Play(ring(4), faults=1)
    play.lie("node-0", "node-1")
    state = play.run(1)
    [dispute] = state.disputes
    assert (dispute.link, dispute.agreed_epochs_left) == ("node-0-node-1", 100)
    play.stop_lying()
    assert play.run(99).disputes[0].agreed_epochs_left == 1
    silent = [entry.model_copy(update={"ends": ()}) for entry in play.reports()]
    assert next_state(play.state, silent, play.table, play.electorate).disputes[0].agreed_epochs_left == 1
    empty = [
        entry.model_copy(update={"ends": tuple(end_report(_nothing(end), **_of(end)) for end in entry.ends)})
        for entry in play.reports()
    ]
    assert next_state(play.state, empty, play.table, play.electorate).disputes[0].agreed_epochs_left == 1
    assert play.run(1).disputes == ()


def test_routing_and_control_see_the_larger_error_rate_and_the_smaller_key_of_a_disputed_link() -> None:
    play = Play(ring(4), faults=1)
    honest = play.run(1)
    play.lie("node-0", "node-1")
    lied = play.run(1)
    key = {state.epoch: {row.link: row.secret_key_bits for row in state.rows} for state in (honest, lied)}
    assert key[2]["node-0-node-1"] <= key[1]["node-0-node-1"]
    assert key[2]["node-1-node-2"] == key[1]["node-1-node-2"]


def test_members_without_a_report_are_remembered_as_absent() -> None:
    play = Play(ring(4), faults=1)
    state = next_state(None, play.reports()[1:], play.table, play.electorate)
    assert state.absent == ("node-0",)


def test_a_clock_that_is_an_hour_off_does_not_move_the_agreed_time() -> None:
    play = Play(ring(4), faults=1)
    reports = play.reports()
    honest = sorted(entry.wall_ms for entry in reports[1:])
    for step in (-3_600_000, 3_600_000):
        liar = reports[0].model_copy(update={"wall_ms": reports[0].wall_ms + step})
        state = next_state(None, [liar, *reports[1:]], play.table, play.electorate)
        assert honest[0] <= state.wall_ms <= honest[-1]


def test_who_joins_starts_at_the_least_score_and_who_leaves_is_forgotten() -> None:
    state = alone(1)
    grown = Electorate.equal(("bench", "newcomer"), 0)
    after = next_state(state, [report(2)], table(), grown)
    found = {standing.node: standing for standing in after.standings}
    assert (found["newcomer"].score_ppm, found["newcomer"].score_quiet) == (54_750, 49)
    assert found["bench"].score_ppm == 1_000_000
    again = next_state(after, [report(3)], table(), BENCH)
    assert [standing.node for standing in again.standings] == ["bench"]


def test_the_state_is_canonical_and_survives_json() -> None:
    play = Play(ring(4), faults=1)
    play.lie("node-0", "node-1")
    state = play.run(3)
    again = NetworkState.from_json(state.canonical())
    assert again == state
    assert again.digest() == state.digest()


def test_no_admissible_report_makes_the_function_fail() -> None:
    """Numbers at the ends of their ranges, in every field of one liar."""
    play = Play(ring(4), faults=1)
    state = play.run(1)
    most = 2**63 - 1
    extreme = {"pulses": most, "secret_key_bits": most, "duration_ms": most, "dead_ms": most}
    for number, entry in enumerate(play.reports()):
        ends = tuple(
            end.model_copy(
                update={
                    "age_ms": most,
                    "attenuation_mdb": most,
                    "realigns": most,
                    "sessions": tuple(record.model_copy(update=extreme) for record in end.sessions),
                }
            )
            for end in entry.ends
        )
        reports: list[NodeReport] = play.reports()
        reports[number] = NodeReport.from_json(entry.model_copy(update={"ends": ends, "wall_ms": most}).canonical())
        after = next_state(state, reports, play.table, play.electorate)
        assert NetworkState.from_json(after.canonical()) == after
    assert names(play.table) == list(play.electorate.names)
