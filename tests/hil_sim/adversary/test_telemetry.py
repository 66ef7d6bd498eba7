from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from hil_sim.adversary.table_history import TableHistory
from hil_sim.adversary.telemetry import Forgery, report

LINKS = 3
fractions = st.floats(0, 1)
ends_and_links = (2, LINKS)


@dataclass(frozen=True)
class Tables:
    sent: np.ndarray
    detected: np.ndarray
    errors: np.ndarray


@st.composite
def count_tables(draw):
    shape = (2, 3, LINKS)
    sent = draw(npst.arrays(np.int64, shape, elements=st.integers(0, 10**12)))
    detected = np.floor(sent * draw(npst.arrays(float, shape, elements=fractions))).astype(np.int64)
    errors = np.floor(detected * draw(npst.arrays(float, shape, elements=fractions))).astype(np.int64)
    return Tables(sent, detected, errors)


degrees = npst.arrays(float, ends_and_links, elements=fractions)
careful_forgeries = st.builds(
    lambda under, claim, over, fewer, more, hide: Forgery.of(
        ends_and_links,
        understate_errors=under,
        claimed_error_rate=claim / 2,
        overstate_errors=over,
        understate_detected=fewer,
        overstate_detected=10 * more,
        hide_decoys=hide,
    ),
    *[degrees] * 6,
)


def counted(sent=100_000, detected=10_000, errors=200):
    """The same counts for every basis, intensity and link."""
    return Tables(*(np.full((2, 3, LINKS), count, dtype=np.int64) for count in (sent, detected, errors)))


def forged_at(end, link, **strengths):
    arrays = {}
    for name, value in strengths.items():
        arrays[name] = np.zeros(ends_and_links, dtype=type(value))
        arrays[name][end, link] = value
    return Forgery.of(ends_and_links, **arrays)


def one_cell(reports, end=1, link=2):
    tables = (reports.sent, reports.detected, reports.errors)
    values = [np.unique(table[end, :, :, link]) for table in tables]
    assert all(value.size == 1 for value in values)
    return tuple(int(value[0]) for value in values)


@given(count_tables())
def test_honest_ends_report_what_they_counted(counts):
    reports = report(counts, Forgery.none(2, LINKS))
    for end in (0, 1):
        assert np.array_equal(reports.sent[end], counts.sent)
        assert np.array_equal(reports.detected[end], counts.detected)
        assert np.array_equal(reports.errors[end], counts.errors)
    assert reports.present.all()


@given(count_tables(), careful_forgeries, st.integers(0, 1), st.integers(0, LINKS - 1))
def test_who_does_not_forge_is_not_forged(counts, forgery, end, link):
    arrays = {}
    for name in ("understate_errors", "overstate_errors", "understate_detected", "overstate_detected"):
        arrays[name] = getattr(forgery, name).copy()
        arrays[name][end, link] = 0
    reports = report(counts, Forgery.of(ends_and_links, **arrays))
    assert np.array_equal(reports.detected[end, ..., link], counts.detected[..., link])
    assert np.array_equal(reports.errors[end, ..., link], counts.errors[..., link])


@given(count_tables(), careful_forgeries)
def test_careful_forgers_keep_the_books(counts, forgery):
    reports = report(counts, forgery, expected=(np.full((2, 3, LINKS), 0.2), np.full((2, 3, LINKS), 0.01)))
    assert np.all((reports.errors >= 0) & (reports.errors <= reports.detected) & (reports.detected <= reports.sent))
    assert reports.errors.dtype == reports.detected.dtype == np.int64


@given(count_tables(), careful_forgeries)
def test_ends_of_equal_strength_tell_the_same_story(counts, forgery):
    same = Forgery.of(
        ends_and_links,
        **{
            name: np.repeat(getattr(forgery, name)[:1], 2, axis=0)
            for name in ("understate_errors", "claimed_error_rate", "overstate_errors", "overstate_detected")
        },
    )
    reports = report(counts, same)
    assert np.array_equal(reports.detected[0], reports.detected[1])
    assert np.array_equal(reports.errors[0], reports.errors[1])


@pytest.mark.parametrize(
    ("strengths", "expected"),
    [
        ({"understate_errors": 0.75}, (100_000, 10_000, 50)),
        ({"understate_errors": 1.0}, (100_000, 10_000, 0)),
        ({"understate_errors": 1.0, "claimed_error_rate": 0.01}, (100_000, 10_000, 100)),
        ({"understate_errors": 1.0, "claimed_error_rate": 0.05}, (100_000, 10_000, 200)),
        ({"overstate_errors": 1.0}, (100_000, 10_000, 5_000)),
        ({"overstate_errors": 0.5}, (100_000, 10_000, 2_600)),
        ({"understate_detected": 0.9}, (100_000, 1_000, 20)),
        ({"overstate_detected": 1.0}, (100_000, 20_000, 400)),
        ({"overstate_detected": 99.0}, (100_000, 100_000, 2_000)),
        ({"understate_detected": 0.99, "clumsy": True}, (100_000, 100, 200)),
        ({"overstate_detected": 99.0, "clumsy": True}, (100_000, 1_000_000, 200)),
    ],
)
def test_forged_counts(strengths, expected):
    counts = counted()
    reports = report(counts, forged_at(1, 2, **strengths))
    assert one_cell(reports) == expected
    assert one_cell(reports, end=0) == one_cell(reports, link=0) == (100_000, 10_000, 200)
    assert (counts.detected == 10_000).all()


def test_hidden_decoys_are_in_the_proportion_of_honest_physics():
    counts = counted()
    counts.detected[:, 1:] = 50
    counts.errors[:, 0] = 330
    counts.errors[:, 1:] = 20
    signal, decoy, vacuum = 0.05, 0.01, 1e-3
    right = np.broadcast_to(np.array([signal * 0.98, decoy * 0.95, vacuum / 2])[:, np.newaxis], (2, 3, LINKS))
    wrong = np.broadcast_to(np.array([signal * 0.02, decoy * 0.05, vacuum / 2])[:, np.newaxis], (2, 3, LINKS))
    reports = report(counts, forged_at(0, 1, hide_decoys=1.0), expected=(right, wrong))
    assert reports.detected[0, :, :, 1].tolist() == [[10_000, 2_000, 200]] * 2
    assert reports.errors[0, :, :, 1].tolist() == [[330, 100, 100]] * 2
    half = report(counts, forged_at(0, 1, hide_decoys=0.5), expected=(right, wrong))
    assert half.detected[0, 0, :, 1].tolist() == [10_000, 1_025, 125]


def test_a_withheld_report_is_missing():
    reports = report(counted(), forged_at(1, 2, withhold=True))
    assert reports.present.tolist() == [[True, True, True], [True, True, False]]


def in_epoch(epoch):
    return counted(detected=1_000 + epoch, errors=epoch)


@given(st.integers(1, 6), st.integers(0, 20))
def test_a_replayed_table_is_the_old_one(delay, epochs):
    history = TableHistory(6, 3, LINKS)
    for epoch in range(epochs + 1):
        reports = report(in_epoch(epoch), forged_at(1, 2, replay_delay=delay), history)
        told = epoch - delay if epoch >= delay else epoch
        assert one_cell(reports) == (100_000, 1_000 + told, told)
        assert one_cell(reports, end=0) == (100_000, 1_000 + epoch, epoch)


def test_a_frozen_end_repeats_the_table_from_before():
    history = TableHistory(1, 3, LINKS)
    told = []
    for epoch in range(12):
        frozen = 3 <= epoch < 7 or epoch in (9, 10)
        forgery = forged_at(1, 2, freeze=True) if frozen else Forgery.none(2, LINKS)
        reports = report(in_epoch(epoch), forgery, history)
        told.append(one_cell(reports)[2])
        assert one_cell(reports, end=0)[2] == epoch
    assert told == [0, 1, 2, 2, 2, 2, 2, 7, 8, 8, 8, 11]


def test_frozen_from_the_start_an_end_repeats_its_first_table():
    history = TableHistory(1, 3, LINKS)
    told = [one_cell(report(in_epoch(e), forged_at(1, 2, freeze=True), history))[2] for e in range(4)]
    assert told == [0, 0, 0, 0]


def test_both_ends_freeze_apart():
    history = TableHistory(1, 3, LINKS)
    for epoch in range(6):
        freeze = np.zeros(ends_and_links, dtype=bool)
        freeze[:, 2] = epoch >= 2, epoch >= 4
        reports = report(in_epoch(epoch), Forgery.of(ends_and_links, freeze=freeze), history)
    assert (one_cell(reports, end=0)[2], one_cell(reports, end=1)[2]) == (1, 3)


def test_a_forgotten_link_has_nothing_to_replay():
    history = TableHistory(4, 3, LINKS)
    for epoch in range(4):
        report(in_epoch(epoch), Forgery.none(2, LINKS), history)
    history.forget(np.array([2]))
    both = np.zeros(ends_and_links, dtype=np.int64)
    both[1, 1:] = 2
    reports = report(in_epoch(4), Forgery.of(ends_and_links, replay_delay=both), history)
    assert (one_cell(reports, link=1)[2], one_cell(reports, link=2)[2]) == (2, 4)


def test_a_frozen_link_that_is_forgotten_freezes_anew():
    history = TableHistory(4, 3, LINKS)
    for epoch in range(4):
        report(in_epoch(epoch), forged_at(1, 2, freeze=True), history)
    history.forget(np.array([2]))
    assert one_cell(report(in_epoch(9), forged_at(1, 2, freeze=True), history))[2] == 9


def test_a_replayed_table_can_be_forged_further():
    history = TableHistory(2, 3, LINKS)
    forgery = forged_at(1, 2, replay_delay=2, understate_errors=0.5)
    told = [one_cell(report(in_epoch(epoch), forgery, history)) for epoch in range(12)]
    assert told[-1] == (100_000, 1_009, 4)


@pytest.mark.parametrize("strengths", [{"replay_delay": 3}, {"freeze": True}])
def test_old_tables_need_a_history(strengths):
    with pytest.raises(ValueError, match="history"):
        report(counted(), forged_at(0, 0, **strengths))


def test_a_history_is_not_longer_than_it_is():
    history = TableHistory(2, 3, LINKS)
    with pytest.raises(ValueError, match="reaches back 2 epochs, got 3"):
        report(counted(), forged_at(0, 0, replay_delay=3), history)
    with pytest.raises(ValueError, match="1 epoch or more"):
        TableHistory(0, 3, LINKS)


def test_hiding_decoys_needs_to_know_what_is_normal():
    with pytest.raises(ValueError, match="expected click probabilities"):
        report(counted(), forged_at(0, 0, hide_decoys=1.0))


def test_honest_reports_cannot_be_written_to():
    reports = report(counted(), Forgery.none(2, LINKS))
    with pytest.raises(ValueError, match="read-only"):
        reports.errors[0, 0, 0, 0] = 1
