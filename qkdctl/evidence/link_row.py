"""The agreed row of a link: what both ends report about one epoch, as one line of integers."""

from collections.abc import Sequence

from qkdctl.evidence.channel_loss import channel_loss_mdb
from qkdctl.evidence.matching import Pair
from qkdctl.records.encoding import digest
from qkdctl.records.facts import LinkFacts
from qkdctl.records.history import UNKNOWN_PROTOCOL
from qkdctl.records.report import EndReport, LinkMode, LinkReport
from qkdctl.records.saturation import saturated
from qkdctl.records.session import BasisCounts, SessionRecord

_WORST_FIRST: tuple[LinkMode, ...] = ("fault", "manual-safe", "safe", "starting", "hold", "running")
_Z_ALONE = ("mdi", "tf")
"""Pulses of X are of another brightness for twin-field QKD, and click twice as often for MDI-QKD."""
_WITHOUT_VACUUM = ("bbm92",)
_PPM = 1_000_000
_SMALLER = ("sifted_bits", "test_bits", "secret_key_bits", "detected")
_LARGER = ("qber_z_ppm", "qber_x_ppm", "loss_mdb", "dead_ms")


def link_row(
    facts: LinkFacts, alice: EndReport | None, bob: EndReport | None, pairs: Sequence[Pair]
) -> LinkReport | None:
    """The row of one epoch, or None when Alice's end, which has the settings, said nothing.

    Where the claims of the ends differ the row has the smaller key and clicks, and the larger error rates, loss and
    dead time.

    Args:
        facts: of the link.
        alice: report of its sending end.
        bob: report of the receiving end.
        pairs: sessions that both ends reported, without those that cannot be true.
    """
    if alice is None:
        return None
    row = _claimed(facts, alice, bob, [pair.alice for pair in pairs])
    if all(pair.equal for pair in pairs):
        return row
    other = _claimed(facts, alice, bob, [pair.bob for pair in pairs])
    cautious = {name: min(getattr(row, name), getattr(other, name)) for name in _SMALLER}
    cautious |= {name: max(getattr(row, name), getattr(other, name)) for name in _LARGER}
    return row.model_copy(update={**cautious, "valid": row.valid & other.valid})


def _claimed(facts: LinkFacts, alice: EndReport, bob: EndReport | None, records: Sequence[SessionRecord]) -> LinkReport:
    """The row if these records are true.

    Records whose assumed intensities differ from the last one's belong to an earlier setting; they count as key and
    time, but rates of error and loss are those of the present setting. When even the last one does, as right after a
    change, the row says nothing about the present setting and is not valid.
    """
    present = [record for record in records if _setting(record) == _setting(records[-1])]
    z = _sum([record.z for record in present])
    x = _sum([record.x for record in present])
    protocol = _protocol(alice, bob)
    signal_sent, signal_detected = z.sent[0], z.detected[0]
    if protocol not in _Z_ALONE:
        signal_sent, signal_detected = signal_sent + x.sent[0], signal_detected + x.detected[0]
    vacuum_sent, vacuum_detected = z.sent[-1] + x.sent[-1], z.detected[-1] + x.detected[-1]
    if protocol in _WITHOUT_VACUUM:
        vacuum_sent = vacuum_detected = 0
    assumed_e6 = records[-1].mean_photon_numbers_e6[0] if records else 0
    return LinkReport(
        link=facts.link,
        mode=alice.mode if bob is None else min(alice.mode, bob.mode, key=_WORST_FIRST.index),
        protocol=protocol,
        mean_photon_number_e6=alice.mean_photon_number_e6,
        measured_mean_photon_number_e6=alice.measured_mean_photon_number_e6,
        attenuation_mdb=alice.attenuation_mdb,
        qber_z_ppm=z.qber_ppm(),
        qber_x_ppm=_misalignment_ppm(x.qber_ppm()) if protocol == "mdi" else x.qber_ppm(),
        sifted_bits=z.detected[0],
        test_bits=x.detected[0],
        secret_key_bits=saturated(sum(record.secret_key_bits for record in records)),
        detected=saturated(sum(z.detected) + sum(x.detected)),
        pulses=saturated(sum(record.pulses for record in present)),
        vacuum_sent=saturated(vacuum_sent),
        vacuum_detected=saturated(vacuum_detected),
        loss_mdb=channel_loss_mdb(facts, protocol, signal_sent, signal_detected, assumed_e6),
        duration_ms=saturated(sum(record.duration_ms for record in records)),
        dead_ms=saturated(sum(record.dead_ms for record in records)),
        age_ms=alice.age_ms if bob is None else max(alice.age_ms, bob.age_ms),
        valid=int(signal_detected > 0 and _sound(alice, bob, assumed_e6)),
        realigns=alice.realigns if bob is None else max(alice.realigns, bob.realigns),
        records=digest([record.to_plain() for record in records]) if records else "",
    )


def _misalignment_ppm(qber_ppm: int) -> int:
    """Misalignment that error rates of MDI-QKD in the test basis stand for: 2 E - 1/2 of weak pulses, not below 0.

    Two photons of one sender carry no phase, so a quarter of these bits is wrong in any case (Ma and Razavi, Phys. Rev.
    A 86, 062319 (2012)).
    """
    return min(max(2 * qber_ppm - _PPM // 2, 0), _PPM)


def _sound(alice: EndReport, bob: EndReport | None, assumed_e6: int) -> bool:
    """Neither end found fault, both run one protocol, and the records are of the intensity that Bob was told."""
    if bob is None or not (alice.trusted and bob.trusted):
        return False
    one_protocol = alice.protocol == bob.protocol or UNKNOWN_PROTOCOL in (alice.protocol, bob.protocol)
    return one_protocol and bob.mean_photon_number_e6 in (0, assumed_e6)


def _protocol(alice: EndReport, bob: EndReport | None) -> str:
    return bob.protocol if bob is not None and alice.protocol == UNKNOWN_PROTOCOL else alice.protocol


def _setting(record: SessionRecord) -> tuple[tuple[int, ...], int, int]:
    return record.mean_photon_numbers_e6, len(record.z.sent), len(record.x.sent)


def _sum(counts: Sequence[BasisCounts]) -> BasisCounts:
    if not counts:
        return BasisCounts(sent=(0,), detected=(0,), errors=(0,))
    return BasisCounts(
        sent=_added([count.sent for count in counts]),
        detected=_added([count.detected for count in counts]),
        errors=_added([count.errors for count in counts]),
    )


def _added(rows: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
    return tuple(saturated(sum(column)) for column in zip(*rows, strict=True))
