"""Session records that cannot be true, by comparing integers only; no trust overrides these tests.

A node runs them on its own records before it reports, so an honest one never makes an impossible claim: what an engine
or the other end got wrong costs the record, not the node.
"""

from collections.abc import Iterable
from itertools import pairwise

from qkdctl.records.facts import LinkFacts
from qkdctl.records.key_account import KeyAccount
from qkdctl.records.report import EndReport
from qkdctl.records.session import BasisCounts, SessionRecord

FALSE_ALARM_EXPONENT = 32
"""Of each statistical comparison: an honest record fails with probability below exp(-32) = 1.3e-14."""
LONGEST_RECORD_MS = 86_400_000
"""A day: 24 of the longest epochs that a network may have, and no engine waits as long before it reports."""
LONGEST_SILENCE_MS = 100 * 365 * LONGEST_RECORD_MS
"""A hundred years: ages are taken by a clock that starts with the computer."""
_NANO = 1_000_000_000
_CLOCK_PERCENT = 1
_ROUNDED_MS = 2
_NESTED_INTENSITIES = ("bb84",)


def impossible(facts: LinkFacts, record: SessionRecord, account: KeyAccount) -> str:
    """The first test that the record fails, with its numbers; "" when it may be true.

    Clocks of instruments may be off by 1 %, and times are rounded to milliseconds.

    Args:
        facts: of the link.
        record: of one end.
        account: of its key block, this record included.
    """
    return (
        _times(record)
        or _pulses(facts, record)
        or _clicks(facts, record)
        or _key(facts, record.protocol, account)
        or _gains(record)
    )


def sifted(
    facts: LinkFacts, records: Iterable[SessionRecord], account: KeyAccount | None
) -> tuple[tuple[SessionRecord, ...], tuple[str, ...], KeyAccount | None]:
    """Part the records of one end into those that may be true and complaints about the others.

    Args:
        facts: of the link.
        records: in the order of their numbers, of one end.
        account: before them, None at the start.

    Returns:
        Records, complaints, and the account after them, in which what cannot be true counts as missing.
    """
    sound, complaints = [], []
    for record in records:
        after = KeyAccount.of(record, whole=False) if account is None else account.after(record)
        if why := impossible(facts, record, after):
            complaints.append(f"record {record.sequence}: {why}")
        else:
            sound.append(record)
            account = after
    return tuple(sound), tuple(complaints), account


def impossible_silence(report: EndReport) -> str:
    """Why an end cannot have waited so long for a record; "" when it can."""
    if report.age_ms > LONGEST_SILENCE_MS:
        return f"the youngest record is said to be {report.age_ms} ms old"
    return ""


def _times(record: SessionRecord) -> str:
    if record.duration_ms > LONGEST_RECORD_MS:
        return f"it covers {record.duration_ms} ms, more than a day"
    if record.dead_ms > record.duration_ms:
        return f"{record.dead_ms} ms dead of {record.duration_ms} ms"
    return ""


def _pulses(facts: LinkFacts, record: SessionRecord) -> str:
    sent = sum(record.z.sent) + sum(record.x.sent)
    if sent > record.pulses:
        return f"{sent} pulses sifted of {record.pulses} emitted"
    if _faster(record.pulses, record.duration_ms, facts.pulse_rate_hz):
        return f"{record.pulses} pulses in {record.duration_ms} ms at {facts.pulse_rate_hz} Hz"
    return ""


def _clicks(facts: LinkFacts, record: SessionRecord) -> str:
    clicks = record.clicks
    if facts.click_ceiling_hz and _faster(clicks, record.duration_ms, facts.click_ceiling_hz):
        return f"{clicks} clicks in {record.duration_ms} ms; the dead time allows {facts.click_ceiling_hz} per second"
    return ""


def _key(facts: LinkFacts, protocol: str, account: KeyAccount) -> str:
    """No block gives more key than clicks, or more per pulse than the least loss of the link allows.

    The bound of Pirandola et al. at the loss that the clicks show needs no test of its own: clicks per pulse are fewer.
    """
    key = account.key_bits
    if key > account.clicks:
        return f"{key} secret bits from {account.clicks} clicks of block {account.block}"
    known = facts.protocol(protocol)
    if known is not None and key * _NANO > account.pulses * known.key_ceiling_e9:
        return f"{key} secret bits from {account.pulses} pulses; {known.key_ceiling_e9}e-9 per pulse are possible"
    return ""


def _gains(record: SessionRecord) -> str:
    """Brighter pulses click at least as often as darker ones, and light as often as darkness."""
    mus = record.mean_photon_numbers_e6
    if record.protocol not in _NESTED_INTENSITIES:
        return ""
    for name, counts in (("Z", record.z), ("X", record.x)):
        if len(mus) != len(counts.sent):
            return f"{len(counts.sent)} intensities counted in {name}, {len(mus)} declared"
        order = sorted(range(len(mus)), key=lambda index: mus[index])
        for darker, brighter in pairwise(order):
            if mus[darker] < mus[brighter] and _clicks_less(counts, brighter, darker):
                seen = _share(counts, brighter), _share(counts, darker)
                return f"{name}: {seen[0]} clicked at {mus[brighter]}e-6 photons, {seen[1]} at {mus[darker]}e-6"
    return ""


def _clicks_less(counts: BasisCounts, brighter: int, darker: int) -> bool:
    """Whether the brighter intensity clicks so much less that chance cannot be the reason.

    Given D clicks of both, those of the darker one are at most hypergeometric with mean D p, p its share of the pulses
    sent, so by Bernstein's inequality (for draws without replacement: Hoeffding, JASA 58, 13 (1963), theorem 4) they
    exceed the mean by t with probability at most exp(-t^2 / (2 D p (1 - p) + 2 t / 3)). Here multiplied by S^2, S being
    all pulses.
    """
    sent, detected = counts.sent[darker] + counts.sent[brighter], counts.detected[darker] + counts.detected[brighter]
    excess = counts.detected[darker] * sent - detected * counts.sent[darker]
    variance = detected * counts.sent[darker] * counts.sent[brighter]
    return excess > 0 and 3 * excess**2 > 2 * FALSE_ALARM_EXPONENT * (3 * variance + excess * sent)


def _faster(count: int, duration_ms: int, rate_hz: int) -> bool:
    return count * 1000 * 100 > rate_hz * (duration_ms + _ROUNDED_MS) * (100 + _CLOCK_PERCENT)


def _share(counts: BasisCounts, index: int) -> str:
    return f"{counts.detected[index]} of {counts.sent[index]}"
