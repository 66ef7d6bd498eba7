import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from hil_sim.world.parameters import Polarization
from hil_sim.world.session import KeySession
from hil_sim.world.session_state import SessionParameters, SessionRefusedError
from qkdctl.physics.bb84 import Channel, rate_infinite_decoy
from tests.hil_sim.world.links import STILL, HandClock, lit_link

CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "mode": st.sampled_from(["idle", "key", "alignment"]),
        "protocol": st.sampled_from(["bb84", "bb84-fast"]),
        "mean_photon_number_e6": st.sampled_from([0, 400_000, 500_000]),
    },
)


class Bench:
    """A lit link with its session; the control system claims the true mean photon number."""

    def __init__(self, link_parameters=STILL, *, claimed_e6=500_000, seed=1, **parameters):
        self.clock = HandClock()
        self.link = lit_link(link_parameters, clock=self.clock, seed=seed)
        self.session = KeySession(self.link, SessionParameters(**parameters))
        self.session.configure(mean_photon_number_e6=claimed_e6)

    def run(self, seconds):
        self.session.configure(running=True)
        self.clock.go_on(seconds)

    def served_by_two(self):
        for end in ("alice", "bob"):
            self.session.join(end)

    def records(self, end="alice", after=0):
        return self.session.records(end, after, 10_000)


def test_one_record_per_interval_in_sequence():
    bench = Bench()
    bench.run(3.5)
    records = bench.records()
    assert [r.sequence for r in records] == [1, 2, 3]
    assert [r.started_ms - 1_700_000_000_000 for r in records] == [100_000, 101_000, 102_000]
    assert {(r.duration_ms, r.pulses, r.dead_ms) for r in records} == {(1000, 10**9, 0)}
    assert {(r.link, r.protocol) for r in records} == {("alice-bob", "bb84")}
    assert records[0].mean_photon_numbers_e6 == (500_000, 100_000, 0)


def test_both_ends_report_the_same_counts():
    bench = Bench()
    bench.run(2)
    alice, bob = bench.records("alice"), bench.records("bob")
    assert {r.end for r in alice} == {"alice"}
    assert {r.end for r in bob} == {"bob"}
    assert [r.model_copy(update={"end": "bob"}) for r in alice] == bob


def test_key_comes_at_the_rate_that_physics_allows():
    bench = Bench()
    bench.run(5)
    bits = sum(r.secret_key_bits for r in bench.records())
    channel = Channel(transmittance=0.5 * 10**-1.3, background=4e-7, misalignment=0.01)
    sift = 0.8**2 * 0.7
    ceiling = rate_infinite_decoy(channel, 0.5, correction=1.16, sift=sift) * 5e9
    assert 0.85 * ceiling < bits < ceiling
    assert all(r.secret_key_bits > 0 for r in bench.records())


def test_asking_often_or_seldom_gives_intervals_of_the_same_length():
    often, seldom = Bench(), Bench()
    for bench, steps in ((often, 70), (seldom, 1)):
        bench.session.configure(running=True)
        for _ in range(steps):
            bench.clock.go_on(7.0 / steps)
            bench.session.advance()
    assert [r.pulses for r in often.records()][:6] == [r.pulses for r in seldom.records()][:6] == [10**9] * 6


def test_a_session_is_reproducible():
    first, second = Bench(seed=4), Bench(seed=4)
    for bench in (first, second):
        bench.run(3)
    assert first.records() == second.records()


def test_nothing_is_recorded_while_idle():
    bench = Bench()
    bench.clock.go_on(100)
    assert bench.records() == []
    bench.run(2)
    bench.session.configure(running=False)
    bench.clock.go_on(100)
    assert len(bench.records()) == 2
    assert bench.session.state().mode == "idle"


def test_stopping_closes_the_interval_early():
    bench = Bench()
    bench.run(1.25)
    bench.session.configure(running=False)
    assert [(r.duration_ms, r.pulses) for r in bench.records()] == [(1000, 10**9), (250, 250_000_000)]


def test_no_key_in_alignment_mode():
    bench = Bench()
    bench.session.configure(mode="alignment")
    bench.clock.go_on(3)
    records = bench.records()
    assert [(r.secret_key_bits, r.pulses, r.dead_ms) for r in records] == [(0, 0, 1000)] * 3
    assert {r.z.sent for r in records} == {(0, 0, 0)}


def test_no_key_from_a_dark_source():
    bench = Bench()
    bench.link.set_laser_power_w(0.0)
    bench.run(120)
    assert sum(r.secret_key_bits for r in bench.records()) == 0
    assert sum(r.z.detected[0] for r in bench.records()) > 0, "dark counts are counted"


def test_no_key_while_nothing_is_claimed():
    bench = Bench(claimed_e6=0)
    bench.run(3)
    assert [r.secret_key_bits for r in bench.records()] == [0, 0, 0]


def test_misalignment_costs_key_and_then_all_of_it():
    totals = []
    for voltage_mv in (600, 750, 1000):
        bench = Bench()
        bench.link.set_polarization_voltages_mv((voltage_mv, 1250, -600, 2 * voltage_mv - 800))
        bench.run(3)
        totals.append(sum(r.secret_key_bits for r in bench.records()))
    assert totals[0] > totals[1] > totals[2] == 0


def test_the_analysis_takes_the_claim_and_the_optics_the_truth():
    honest, hidden = Bench(), Bench()
    hidden.link.set_attenuation_db(hidden.link.settings.attenuation_db - 2.0)
    for bench in (honest, hidden):
        bench.run(2)
    assert hidden.records()[0].mean_photon_numbers_e6 == honest.records()[0].mean_photon_numbers_e6
    ratio = hidden.records()[0].z.detected[0] / honest.records()[0].z.detected[0]
    assert ratio == pytest.approx(10**0.2, rel=0.02)


def test_a_change_of_light_splits_no_interval_but_counts_exactly():
    bench = Bench()
    bench.run(0.5)
    bench.link.set_shutter_open(False)
    bench.clock.go_on(0.5)
    (record,) = bench.records()
    full = Bench()
    full.run(1.0)
    assert record.pulses == 10**9
    assert record.z.detected[0] / full.records()[0].z.detected[0] == pytest.approx(0.5, rel=0.01)


@pytest.mark.parametrize(
    "change",
    [
        {"mean_photon_number_e6": 400_000},
        {"protocol": "bb84-fast"},
        {"mode": "alignment"},
        {"running": False},
    ],
)
def test_changes_begin_a_new_block(change):
    bench = Bench(protocols=("bb84", "bb84-fast"))
    bench.run(1)
    before = bench.session.state().block
    bench.session.configure(**change)
    assert bench.session.state().block == before + 1


@pytest.mark.parametrize(
    "same", [{"mean_photon_number_e6": 500_000}, {"protocol": "bb84"}, {"mode": "key"}, {"running": True}, {}]
)
def test_setting_what_is_set_changes_nothing(same):
    bench = Bench()
    bench.run(1)
    before = bench.session.state()
    assert bench.session.configure(**same) == before


def test_the_second_end_that_is_told_the_same_changes_nothing_more():
    bench = Bench()
    for _ in ("alice", "bob"):
        bench.session.configure(mode="alignment")
    aligned = bench.session.state().block
    for _ in ("alice", "bob"):
        bench.session.configure(mode="key")
    assert bench.session.state().block == aligned + 1


@pytest.mark.parametrize(
    "alone", [{"mean_photon_number_e6": 400_000}, {"protocol": "bb84-fast"}, {"mode": "alignment"}]
)
@pytest.mark.parametrize("end", ["alice", "bob"])
def test_settings_that_differ_make_dead_time_equal_at_both_ends_and_no_key(end, alone):
    bench = Bench(protocols=("bb84", "bb84-fast"))
    bench.served_by_two()
    bench.run(2)
    bench.session.configure(end, **alone)
    bench.clock.go_on(3)
    dead = bench.records(after=2)
    assert [(r.dead_ms, r.duration_ms, r.pulses, r.secret_key_bits) for r in dead] == [(1000, 1000, 0, 0)] * 3
    assert {(r.z.detected, r.x.detected) for r in dead} == {((0, 0, 0), (0, 0, 0))}
    assert [r.model_copy(update={"end": "alice"}) for r in bench.records("bob")] == bench.records()
    bench.session.configure("bob" if end == "alice" else "alice", **{"mode": "key"} | alone)
    if "mode" in alone:
        bench.session.configure(mode="key")
    bench.clock.go_on(1)
    assert bench.records()[-1].secret_key_bits > 0


def test_nothing_is_recorded_while_one_end_is_idle():
    bench = Bench()
    bench.served_by_two()
    bench.session.configure("alice", running=True)
    bench.clock.go_on(5)
    assert bench.records() == []
    assert (bench.session.state("bob").mode, bench.session.state("bob").peer_mode) == ("idle", "key")
    bench.session.configure("bob", running=True)
    bench.clock.go_on(2)
    assert [r.sequence for r in bench.records("bob")] == [1, 2]
    bench.session.configure("bob", running=False)
    bench.clock.go_on(5)
    assert len(bench.records()) == 2


def test_an_end_without_an_engine_follows_the_other():
    bench = Bench()
    bench.session.join("alice")
    bench.session.configure("alice", running=True)
    assert bench.session.state("bob").mode == "key"


@given(st.lists(st.tuples(st.sampled_from(["alice", "bob"]), CHANGES, st.floats(0.0, 2.5)), max_size=12))
@settings(max_examples=40, deadline=None)
def test_whatever_the_ends_are_told_their_records_are_equal_and_key_is_of_equal_settings(orders):
    bench = Bench(protocols=("bb84", "bb84-fast"))
    bench.served_by_two()
    for end, change, seconds in orders:
        bench.session.configure(end, **change)
        bench.clock.go_on(seconds)
        alice, bob = bench.session.state("alice"), bench.session.state("bob")
        assert (alice.mode, bob.mode) == (bob.peer_mode, alice.peer_mode)
        newest = bench.records()[-1:]
        agreed = alice.mode == bob.mode == "key" and (alice.protocol, alice.mean_photon_number_e6) == (
            bob.protocol, bob.mean_photon_number_e6,
        )  # fmt: skip
        if newest and newest[0].block == alice.block:
            assert (newest[0].dead_ms == 0) == agreed
    assert [r.model_copy(update={"end": "alice"}) for r in bench.records("bob")] == bench.records()
    assert all(r.pulses == 0 and r.secret_key_bits == 0 for r in bench.records() if r.dead_ms)
    assert [r.sequence for r in bench.records()] == list(range(1, len(bench.records()) + 1))


def test_a_block_ends_by_itself_and_its_key_with_it():
    bench = Bench(block_s=3.0)
    bench.run(9)
    blocks = [r.block for r in bench.records()]
    assert [blocks.count(b) for b in sorted(set(blocks))] == [3, 3, 3]


def test_a_record_belongs_to_one_block():
    bench = Bench()
    bench.run(1.5)
    bench.session.configure(mean_photon_number_e6=400_000)
    bench.clock.go_on(1.0)
    records = bench.records()
    assert [r.duration_ms for r in records] == [1000, 500, 1000]
    assert records[0].block == records[1].block == records[2].block - 1
    assert records[2].mean_photon_numbers_e6[0] == 400_000


def test_key_of_a_block_is_credited_once():
    parameters = STILL.model_copy(update={"polarization": Polarization(walk_rad_per_sqrt_s=0.1)})
    bench = Bench(parameters)
    bench.run(60)
    bits = [r.secret_key_bits for r in bench.records()]
    assert bits[0] > 0
    assert bits[-1] == 0, "a block that got worse yields nothing more"
    assert len({r.block for r in bench.records()}) == 1


def test_records_by_page_and_those_forgotten():
    bench = Bench(kept_records=5)
    bench.run(8)
    assert bench.session.state().sequence == 8
    assert bench.session.oldest_sequence() == 4
    assert [r.sequence for r in bench.session.records("alice", 0, 2)] == [4, 5]
    assert [r.sequence for r in bench.session.records("alice", 5, 100)] == [6, 7, 8]
    assert bench.session.records("alice", 8, 100) == []
    assert bench.session.records("alice", 99, 100) == []


def test_alignment_measures_both_bases_equally():
    bench = Bench()
    bench.session.configure(mode="alignment")
    bench.link.set_polarization_voltages_mv((900, 1250, -600, 400))
    sample = bench.session.measure(10**8)
    expected = bench.link.misalignment_error() * 1e6
    assert sample.pulses == 10**8
    assert sample.qber_ppm == sample.errors * 1_000_000 // sample.detected
    assert sample.qber_ppm == pytest.approx(expected, abs=5e6 * (expected * 1e-6 / sample.detected) ** 0.5)


def test_alignment_in_the_dark_reports_the_worst():
    bench = Bench()
    bench.session.configure(mode="alignment")
    bench.link.set_shutter_open(False)
    assert bench.session.measure(1000).qber_ppm == 1_000_000


@pytest.mark.parametrize("mode", ["idle", "key"])
def test_measuring_needs_alignment_mode(mode):
    bench = Bench()
    bench.session.configure(mode=mode)
    with pytest.raises(SessionRefusedError, match="mode alignment") as refused:
        bench.session.measure(1000)
    assert refused.value.hint
    bench.session.configure(mode="alignment")
    with pytest.raises(SessionRefusedError, match="1 or more"):
        bench.session.measure(0)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"running": False, "mode": "key"}, "contradicts"),
        ({"running": True, "mode": "idle"}, "contradicts"),
        ({"protocol": "e91"}, "expected bb84"),
        ({"mean_photon_number_e6": -1}, "out of range"),
        ({"mean_photon_number_e6": 1_000_001}, "out of range"),
        ({"mode": "alignment", "mean_photon_number_e6": 2_000_000}, "out of range"),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(change, words):
    bench = Bench()
    bench.run(1)
    before = bench.session.state()
    with pytest.raises(SessionRefusedError, match=words):
        bench.session.configure(**change)
    assert bench.session.state() == before


def test_running_leaves_alignment_alone():
    bench = Bench()
    bench.session.configure(mode="alignment")
    assert bench.session.configure(running=True).mode == "alignment"
    assert bench.session.configure(running=False).mode == "idle"


def test_detectors_see_decoys_only_while_key_is_made():
    bench = Bench()
    idle = bench.link.count_rate_hz(0)
    bench.session.configure(mode="key")
    assert bench.link.count_rate_hz(0) / idle == pytest.approx(0.74, rel=0.01)
    bench.session.configure(mode="alignment")
    assert bench.link.count_rate_hz(0) == idle


@pytest.mark.parametrize(
    "wrong",
    [
        {"intensity_ratios": (1.0, 0.2, 0.1)},
        {"intensity_ratios": (0.9, 0.2, 0.0)},
        {"intensity_ratios": (1.0, 1.0, 0.0)},
        {"intensity_probabilities": (0.7, 0.2, 0.2)},
        {"basis_probabilities": (0.7, 0.2)},
        {"protocols": ()},
        {"correction": 0.9},
    ],
)
def test_parameters_that_make_no_vacuum_and_weak_decoy_session_are_refused(wrong):
    with pytest.raises(ValidationError):
        SessionParameters(**wrong)
