"""Forged reports: what either end of a link says it counted."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from hil_sim.adversary.strengths import (
    EPOCHS,
    ERROR_RATE,
    EXCESS,
    FLAG,
    FRACTION,
    Floats,
    Integers,
    Mask,
    Strengths,
    nothing,
)
from hil_sim.adversary.table_history import TableHistory
from hil_sim.world.counts import SiftedCounts

_SENT, _DETECTED, _ERRORS = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Forgery(Strengths):
    """How much either end of a link forges, shape (2 ends, links), 0 where it is honest.

    Attributes:
        understate_errors: from 0 to 1, how far errors are lowered towards `claimed_error_rate`.
        claimed_error_rate: error rate that an end understating its errors aims at; lower ones stay as they are.
        overstate_errors: from 0 to 1, how far errors are raised towards one half of the clicks.
        understate_detected: share of the clicks, right and wrong alike, that is left out.
        overstate_detected: clicks invented, over those there were.
        hide_decoys: from 0 to 1, how far counts of all but the first intensity are moved to what honest physics makes
            of the first one.
        replay_delay: how many epochs ago the reported table was counted.
        freeze: the table from before is reported again and again.
        withhold: nothing is reported.
        clumsy: nobody checks the books: errors do not follow when clicks are left out or invented, and there may be
            more of either than pulses.
    """

    understate_errors: Floats = field(metadata=FRACTION)
    claimed_error_rate: Floats = field(metadata=ERROR_RATE)
    overstate_errors: Floats = field(metadata=FRACTION)
    understate_detected: Floats = field(metadata=FRACTION)
    overstate_detected: Floats = field(metadata=EXCESS)
    hide_decoys: Floats = field(metadata=FRACTION)
    replay_delay: Integers = field(metadata=EPOCHS)
    freeze: Mask = field(metadata=FLAG)
    withhold: Mask = field(metadata=FLAG)
    clumsy: Mask = field(metadata=FLAG)


@dataclass(frozen=True, slots=True)
class Reports:
    """Reported tables of both ends, shape (2 ends, 2 bases, intensities, links); not to be written to.

    Attributes:
        sent, detected, errors: as `SiftedCounts`.
        present: whether an end reported at all, shape (2 ends, links).
    """

    sent: Integers
    detected: Integers
    errors: Integers
    present: Mask


def report(
    counts: SiftedCounts,
    forgery: Forgery,
    history: TableHistory | None = None,
    expected: tuple[Floats, Floats] | None = None,
) -> Reports:
    """What both ends report of one epoch, in which both counted the same.

    An old table is taken out first, then its decoys are hidden, its clicks changed, and its errors at last; ends with
    equal strengths forge alike. Unless an end is clumsy, errors <= detected <= sent holds in what it reports.

    Args:
        counts: true tables, shape (2 bases, intensities, links).
        forgery: of the same links.
        history: tables of past epochs, to which these are added; needed to replay or freeze.
        expected: probabilities of a right and of a wrong bit that honest physics gives, of the shape of the tables;
            needed to hide decoys.

    Raises:
        ValueError: where history or expected probabilities are needed and missing.
    """
    forging = _forging(forgery)
    truth = np.stack([counts.sent, counts.detected, counts.errors])
    both = np.broadcast_to(truth[:, np.newaxis], (3, 2, *truth.shape[1:]))
    if forging.any():
        both = both.copy()
    for end in (0, 1):
        links = np.flatnonzero(forging[end])
        if links.size or history is not None:
            own = forgery.take(links)
            table = _old_tables(truth[..., links], end, links, forgery, history)
            probabilities = None if expected is None else (expected[0][..., links], expected[1][..., links])
            if links.size:
                both[:, end][..., links] = _forged(table, own, end, probabilities)
    if history is not None:
        history.record(counts)
    return Reports(both[_SENT], both[_DETECTED], both[_ERRORS], ~forgery.withhold)


def _forging(forgery: Forgery) -> Mask:
    shape = forgery.withhold.shape
    strengths: tuple[NDArray[np.generic], ...] = (
        forgery.understate_errors,
        forgery.overstate_errors,
        forgery.understate_detected,
        forgery.overstate_detected,
        forgery.hide_decoys,
        forgery.replay_delay,
        forgery.freeze,
    )
    forging = np.zeros(shape, dtype=bool)
    for values in strengths:
        if values is not nothing(shape, values.dtype):
            forging |= values != 0
    return forging


def _old_tables(
    present: Integers, end: int, links: Integers, forgery: Forgery, history: TableHistory | None
) -> Integers:
    delays, freeze = forgery.replay_delay[end], forgery.freeze[end]
    if history is None:
        if delays.any() or freeze.any():
            raise ValueError("replayed and frozen reports need a history, got none")
        return present
    tables = history.old(links, delays[links], present) if delays.any() else present
    return history.frozen(end, freeze, links, tables)


def _forged(table: Integers, own: Forgery, end: int, expected: tuple[Floats, Floats] | None) -> Integers:
    """Tables of shape (3, 2, intensities, places) as the end reports them."""
    sent, detected, errors = table.astype(np.float64)
    clumsy = own.clumsy[end]
    if own.hide_decoys[end].any():
        if expected is None:
            raise ValueError("hiding decoys needs the expected click probabilities, got none")
        detected, errors = _with_decoys_hidden(sent, detected, errors, own.hide_decoys[end], expected)
    wanted = np.rint(detected * (1 - own.understate_detected[end]) * (1 + own.overstate_detected[end]))
    claimed = np.where(clumsy, wanted, np.minimum(wanted, sent))
    errors = np.where(clumsy, errors, np.rint(errors * _ratio(claimed, detected)))
    detected = claimed
    lower = own.understate_errors[end] * np.maximum(errors - own.claimed_error_rate[end] * detected, 0.0)
    errors = np.rint(errors - lower)
    errors = np.rint(errors + own.overstate_errors[end] * np.maximum(np.floor(detected / 2) - errors, 0.0))
    return np.stack([sent, detected, errors]).astype(np.int64)


def _with_decoys_hidden(
    sent: Floats, detected: Floats, errors: Floats, degree: Floats, expected: tuple[Floats, Floats]
) -> tuple[Floats, Floats]:
    """Counts of the weaker intensities in the proportion to the first that honest physics has."""
    right, wrong = expected
    honest = sent * (right + wrong)
    brightness = _ratio(detected[:, :1], honest[:, :1])
    target = np.minimum(honest * brightness, sent)
    mistaken = np.minimum(sent * wrong * brightness, target)
    hidden = np.rint(detected + degree * (target - detected)), np.rint(errors + degree * (mistaken - errors))
    hidden[0][:, 0], hidden[1][:, 0] = detected[:, 0], errors[:, 0]
    return hidden


def _ratio(part: Floats, whole: Floats) -> Floats:
    """Ratio, 1 where the whole is nothing."""
    some = whole > 0
    return np.asarray(np.where(some, part / np.where(some, whole, 1.0), 1.0))
