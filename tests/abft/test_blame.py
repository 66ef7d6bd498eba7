"""What is blamed on whom, and above all on whom nothing is."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qkdctl.records.accusation import Accusation
from qkdctl.records.network import NetworkState
from qkdctl.records.relay import RelayView, xor_hex
from qkdctl.records.report import EndReport, NodeReport
from tests.abft.networks import Play, complete, ring
from tests.records.samples import end_report, session

SEVEN = complete(7)


def blamed(state: NetworkState | None) -> set[tuple[str, str, int]]:
    assert state is not None
    return {(entry.node, entry.cause, entry.error_permille) for entry in state.verdicts}


def changed(reports: list[NodeReport], node: str, **changes: Any) -> list[NodeReport]:
    return [entry.model_copy(update=changes) if entry.node == node else entry for entry in reports]


def accuse(reports: list[NodeReport], accusers: list[str], accused: str, **changes: Any) -> list[NodeReport]:
    values: dict[str, Any] = {"node": accused, "kind": "two-votes", "epoch": 1, "subject": ""}
    charge = Accusation(**(values | changes))
    for accuser in accusers:
        reports = changed(reports, accuser, accusations=(charge,))
    return reports


def test_nothing_is_blamed_on_anybody_while_all_are_honest() -> None:
    play = Play(SEVEN, faults=2)
    for _ in range(5):
        assert blamed(play.run(1)) == set()
    assert {entry.score_ppm for entry in play.state.standings} == {1_000_000}  # type: ignore[union-attr]


def test_one_contradicted_edge_condemns_nobody_and_f_of_them_neither() -> None:
    play = Play(SEVEN, faults=2)
    play.lie("node-0", "node-1")
    assert blamed(play.run(1)) == set()
    play.lie("node-0", "node-2")
    assert blamed(play.run(1)) == set()


def test_who_contradicts_more_than_f_others_is_faulty_and_those_others_are_not() -> None:
    play = Play(SEVEN, faults=2)
    play.lie("node-0", "node-1", "node-2", "node-3")
    assert blamed(play.run(1)) == {("node-0", "disputed-edges", 1000)}
    assert play.state is not None
    assert play.state.verdicts[0].number == 3
    assert play.standing("node-0").score_ppm == 800_000


def test_links_to_one_and_the_same_node_count_once() -> None:
    play = Play([(0, 1), (1, 2), (2, 3), (3, 0)], faults=1)
    doubled = play.table.links[0].model_copy(update={"link": "node-0-node-1-b"})
    play.table = play.table.model_copy(
        update={"links": tuple(sorted((*play.table.links, doubled), key=lambda e: e.link))}
    )
    play.lie("node-0", "node-1")
    assert len(play.run(1).disputes) == 2
    assert blamed(play.state) == set()


def test_a_link_whose_ends_stand_at_one_node_blames_nobody() -> None:
    play = Play(ring(4), faults=1)
    own = [entry.model_copy(update={"bob": entry.alice}) for entry in play.table.links]
    play.table = play.table.model_copy(update={"links": tuple(own)})
    one = session(1, link="node-0-node-1"), session(1, "bob", "node-0-node-1", secret_key_bits=1)
    ends = tuple(end_report(made, end=made.end, link=made.link) for made in one)
    state = play.step(changed(play.reports(), "node-0", ends=ends))
    assert [entry.link for entry in state.disputes] == ["node-0-node-1"]
    assert blamed(state) == set()


def test_suspicion_lowers_trust_alone_of_who_is_contradicted_by_most_of_its_counterparts() -> None:
    """A ring with f = 2: both neighbours contradict node 0, which f liars can do to an honest node."""
    play = Play(ring(7), faults=2)
    play.lie("node-1", "node-0")
    play.lie("node-6", "node-0")
    assert blamed(play.run(1)) == {("node-0", "suspicion", 500)}
    found = play.standing("node-0")
    assert (found.score_ppm, found.trust_ppm) == (1_000_000, 900_000)


OTHERS = [(number, number + 1) for number in range(6, 9)]
AMONG_LIARS = [(0, 1), (0, 2), (0, 3), (1, 4), (1, 5), (2, 4), (2, 5), (3, 4), (3, 5), (4, 5), *OTHERS]
"""Node 0 has two liars, 1 and 2, among three neighbours; these lie to their other neighbours, 4 and 5, too."""


@pytest.mark.parametrize(
    ("faults", "causes"), [(3, {("suspicion", 500)}), (2, {("suspicion", 500), ("disputed-edges", 1000)})]
)
def test_who_is_contradicted_by_liars_alone_is_no_suspect_whether_they_are_proven_or_not(
    faults: int, causes: set[tuple[str, int]]
) -> None:
    play = Play(AMONG_LIARS, faults=faults)
    for liar in ("node-1", "node-2"):
        play.lie(liar, "node-0", "node-4", "node-5")
    for _ in range(20):
        state = play.run(1)
        assert blamed(state) == {(liar, *cause) for liar in ("node-1", "node-2") for cause in causes}
    assert play.standing("node-0").trust_ppm == 1_000_000
    assert play.standing("node-1").trust_ppm < 500_000


def test_who_is_contradicted_by_liars_that_nobody_else_contradicts_is_suspect() -> None:
    play = Play(AMONG_LIARS, faults=3)
    for liar in ("node-1", "node-2"):
        play.lie(liar, "node-0")
    assert blamed(play.run(1)) == {("node-0", "suspicion", 500)}


def test_those_whom_equal_shares_contradict_are_suspects_together() -> None:
    play = Play([(0, 2), (0, 3), (1, 2), (1, 3), *OTHERS], faults=2)
    for liar in ("node-2", "node-3"):
        play.lie(liar, "node-0", "node-1")
    assert blamed(play.run(1)) == {(f"node-{number}", "suspicion", 500) for number in range(4)}


def test_one_counterpart_is_no_suspicion_however_trusted() -> None:
    play = Play([(0, 1), (1, 2), (2, 3), (1, 3)], faults=1)
    play.lie("node-1", "node-0")
    assert blamed(play.run(1)) == set()


def test_counterparts_without_comparable_records_have_no_say_and_all_are_judged_by_the_old_trust() -> None:
    play = Play(complete(7), faults=2)
    play.lie("node-1", "node-0")
    play.lie("node-2", "node-0")
    assert blamed(play.run(1)) == set()
    silent = [
        entry.model_copy(update={"ends": ()}) if entry.node in ("node-4", "node-5", "node-6") else entry
        for entry in play.reports()
    ]
    assert blamed(play.step(silent)) == {("node-0", "suspicion", 500)}


def test_the_largest_error_counts_and_not_the_sum() -> None:
    play = Play(ring(4), faults=1)
    play.lie("node-0", "node-1", "node-3")
    state = play.run(1)
    assert blamed(state) == {("node-0", "disputed-edges", 1000), ("node-0", "suspicion", 500)}
    assert (play.standing("node-0").score_ppm, play.standing("node-0").trust_ppm) == (800_000, 800_000)


def test_a_physically_impossible_claim_is_blamed_on_the_end_that_makes_it_and_vouches_for_it() -> None:
    play = Play(ring(4), faults=1)
    reports = play.reports()
    lied = tuple(
        end.model_copy(update={"sessions": tuple(r.model_copy(update={"pulses": 10**9}) for r in end.sessions)})
        for end in reports[0].ends
    )
    assert blamed(play.step(changed(reports, "node-0", ends=lied))) == {("node-0", "impossible-claim", 1000)}
    again = tuple(end.model_copy(update={"trusted": 0}) for end in lied)
    assert blamed(play.step(changed(play.reports(), "node-0", ends=again))) == set()
    assert play.state is not None
    assert all(not row.valid for row in play.state.rows if "node-0" in row.link)


def test_accusations_count_when_an_honest_node_must_be_among_the_accusers() -> None:
    play = Play(SEVEN, faults=2)
    assert blamed(play.step(accuse(play.reports(), ["node-1", "node-2"], "node-0"))) == set()
    three = ["node-1", "node-2", "node-3"]
    assert blamed(play.step(accuse(play.reports(), three, "node-0"))) == {("node-0", "accused", 1000)}
    assert play.state is not None
    assert play.state.verdicts[0].number == 3000


def test_accusers_must_mean_the_same_and_a_node_does_not_accuse_itself() -> None:
    play = Play(SEVEN, faults=2)
    reports = accuse(play.reports(), ["node-1", "node-2"], "node-0")
    assert blamed(play.step(accuse(reports, ["node-3"], "node-0", epoch=2))) == set()
    assert blamed(play.step(accuse(play.reports(), ["node-0", "node-1", "node-2"], "node-0"))) == set()


def test_absence_alone_blames_nobody_and_lateness_must_be_told_by_a_strong_quorum() -> None:
    play = Play(SEVEN, faults=2)
    without = [entry for entry in play.reports() if entry.node != "node-0"]
    assert blamed(play.step(without)) == set()
    assert blamed(play.step(play.reports())) == set()

    def told_by(count: int) -> list[NodeReport]:
        reports = play.reports()
        for number in range(1, count + 1):
            reports = changed(reports, f"node-{number}", late=("node-0",))
        return reports

    play.step([entry for entry in play.reports() if entry.node != "node-0"])
    assert blamed(play.step(told_by(4))) == set()
    play.step([entry for entry in play.reports() if entry.node != "node-0"])
    assert blamed(play.step(told_by(5))) == {("node-0", "late-report", 200)}
    assert blamed(play.step(told_by(6))) == set()


@pytest.mark.parametrize(
    ("measured", "bad"), [(249_000, 0), (260_000, 0), (260_001, 1), (237_113, 0), (237_112, 1), (0, 0)]
)
def test_light_that_strays_from_its_set_point_by_twice_the_calibration_uncertainty(measured: int, bad: int) -> None:
    """2 % uncertainty and steps of 0.05 dB, which are 1.155 %: 250 000 may read 237 113 to 260 000."""
    play = Play(ring(4), faults=1)
    play.run(1)
    reports = play.reports()
    ends = tuple(
        end.model_copy(update={"measured_mean_photon_number_e6": measured}) if end.end == "alice" else end
        for end in reports[0].ends
    )
    found = blamed(play.step(changed(reports, "node-0", ends=ends)))
    assert found == ({("node-0", "set-point", 200)} if bad else set())


def test_a_set_point_that_has_just_moved_blames_nobody() -> None:
    play = Play(ring(4), faults=1)
    play.run(1)
    reports = play.reports()
    ends = tuple(end.model_copy(update={"mean_photon_number_e6": 100_000}) for end in reports[0].ends)
    assert blamed(play.step(changed(reports, "node-0", ends=ends))) == set()


def test_a_relay_that_contradicts_itself_about_a_lost_key_is_blamed() -> None:
    play = Play(ring(4), faults=1)
    first, second = "00" * 16, "0f" * 16
    said = xor_hex(xor_hex(first, second), "01" * 16)
    path = ("node-0", "node-1", "node-2")
    opened = [
        RelayView(key="k1", path=path, position=0, before="", after=first, announced=(said,)),
        RelayView(key="k1", path=path, position=1, before=first, after=second, announced=(said,)),
        RelayView(key="k1", path=path, position=2, before=second, after="", announced=(said,)),
    ]
    reports = play.reports()
    for view in opened:
        reports = changed(reports, view.node, relays=(view,))
    assert blamed(play.step(reports)) == {("node-1", "relay-corruption", 1000)}


def test_hops_whose_ends_open_different_keys_put_their_link_in_dispute() -> None:
    play = Play(ring(4), faults=1)
    first, second, wrong = "00" * 16, "0f" * 16, "f0" * 16
    said = xor_hex(first, second)
    path = ("node-0", "node-1", "node-2")
    opened = [
        RelayView(key="k1", path=path, position=0, before="", after=first, announced=(said,)),
        RelayView(key="k1", path=path, position=1, before=first, after=second, announced=(said,)),
        RelayView(key="k1", path=path, position=2, before=wrong, after="", announced=(said,)),
    ]
    reports = play.reports()
    for view in opened:
        reports = changed(reports, view.node, relays=(view,))
    state = play.step(reports)
    assert [(entry.link, entry.one, entry.other) for entry in state.disputes] == [("node-1-node-2", "node-1", "node-2")]
    assert blamed(state) == set()


def test_noise_that_both_ends_agree_on_is_blamed_on_no_node_but_lowers_what_its_data_weigh() -> None:
    play = Play(SEVEN, faults=2)
    noisy = session(1).z.model_copy(update={"errors": (40_000, 200, 1)})
    loud = {f"node-0-node-{number}" for number in (1, 2, 3, 4)}

    def heard(end: EndReport) -> EndReport:
        made = tuple(record.model_copy(update={"z": noisy}) for record in end.sessions)
        return end.model_copy(update={"sessions": made}) if end.link in loud else end

    for _ in range(30):
        reports = [entry.model_copy(update={"ends": tuple(map(heard, entry.ends))}) for entry in play.reports()]
        assert blamed(play.step(reports)) == set()
    found = play.standing("node-0")
    assert (found.score_ppm, found.trust_ppm, found.fidelity_permille) == (1_000_000, 1_000_000, 0)
    assert found.data_weight_e6 == 0
    assert play.standing("node-3").data_weight_e6 == 1_000_000


@settings(max_examples=25, deadline=None)
@given(st.sets(st.integers(0, 6), min_size=1, max_size=2), st.sampled_from(["ring", "complete"]), st.data())
def test_f_slanderers_never_move_an_honest_nodes_score(liars: set[int], shape: str, data: st.DataObject) -> None:
    """Whatever two of seven nodes do to their own ends, accuse others of, or call late."""
    play = Play(ring(7) if shape == "ring" else complete(7), faults=2)
    for _ in range(6):
        play.stop_lying()
        reports_of = {}
        for liar in sorted(liars):
            victims = data.draw(st.sets(st.integers(0, 6)))
            play.lie(f"node-{liar}", *(f"node-{victim}" for victim in victims - {liar}))
            accused = data.draw(st.integers(0, 6))
            reports_of[f"node-{liar}"] = {
                "accusations": (Accusation(node=f"node-{accused}", kind="two-votes", epoch=1, subject=""),),
                "late": tuple(f"node-{n}" for n in range(7)),
            }
        reports = play.reports()
        for node, lies in reports_of.items():
            reports = changed(reports, node, **lies)
        omitted = data.draw(st.sampled_from([None, *range(7)]))
        play.step([entry for entry in reports if entry.node != f"node-{omitted}"])
        for number in set(range(7)) - liars:
            assert play.standing(f"node-{number}").score_ppm == 1_000_000
