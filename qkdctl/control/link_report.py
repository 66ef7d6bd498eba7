"""From session records and readings to the integers that a node reports about a link."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from qkdctl.records.encoding import digest
from qkdctl.records.facts import LinkFacts
from qkdctl.records.report import LinkMode, LinkReport
from qkdctl.records.session import BasisCounts, SessionRecord


@dataclass(frozen=True, slots=True)
class LinkReadings:
    """What the instruments of a link show at the end of an epoch.

    Attributes:
        mean_photon_number_e6: commanded; measured_mean_photon_number_e6: from the tap, 0 when unknown.
        assumed_mean_photon_number_e6: what the engines were told to assume, 0 when nothing.
        attenuation_db: read back; None when unknown.
        age_ms: time since the youngest session record arrived.
        realigns: re-alignments that ended in this epoch.
        trusted: no problem was found with the records.
    """

    mode: LinkMode
    protocol: str
    mean_photon_number_e6: int
    measured_mean_photon_number_e6: int
    assumed_mean_photon_number_e6: int
    attenuation_db: float | None
    age_ms: int
    realigns: int
    trusted: bool


def link_report(facts: LinkFacts, records: Sequence[SessionRecord], readings: LinkReadings) -> LinkReport:
    """Add up the records of one epoch.

    Records whose assumed intensity differs from the last one's belong to an earlier setting; they count as key and
    time, but rates of error and loss are those of the present setting. When even the last one does, as right after a
    change, the row says nothing about the present setting and is not valid.
    """
    present = [r for r in records if r.mean_photon_numbers_e6 == records[-1].mean_photon_numbers_e6]
    z = _sum([record.z for record in present])
    x = _sum([record.x for record in present])
    signal_sent = z.sent[0] + x.sent[0]
    signal_detected = z.detected[0] + x.detected[0]
    mean_photon_number_e6 = records[-1].mean_photon_numbers_e6[0] if records else 0
    of_present = readings.assumed_mean_photon_number_e6 in (0, mean_photon_number_e6)
    return LinkReport(
        link=facts.link,
        mode=readings.mode,
        protocol=readings.protocol,
        mean_photon_number_e6=readings.mean_photon_number_e6,
        measured_mean_photon_number_e6=readings.measured_mean_photon_number_e6,
        attenuation_mdb=max(0, round(1000 * (readings.attenuation_db or 0.0))),
        qber_z_ppm=z.qber_ppm(),
        qber_x_ppm=x.qber_ppm(),
        sifted_bits=z.detected[0],
        test_bits=x.detected[0],
        secret_key_bits=sum(record.secret_key_bits for record in records),
        detected=sum(z.detected) + sum(x.detected),
        pulses=sum(record.pulses for record in present),
        vacuum_sent=z.sent[-1] + x.sent[-1],
        vacuum_detected=z.detected[-1] + x.detected[-1],
        loss_mdb=channel_loss_mdb(facts, signal_sent, signal_detected, mean_photon_number_e6 / 1e6),
        duration_ms=sum(record.duration_ms for record in records),
        dead_ms=sum(record.dead_ms for record in records),
        age_ms=readings.age_ms,
        valid=int(readings.trusted and of_present and signal_detected > 0),
        realigns=readings.realigns,
        records=digest([record.to_plain() for record in records]) if records else "",
    )


def channel_loss_mdb(facts: LinkFacts, sent: int, detected: int, mean_photon_number: float) -> int:
    """Loss of the channel in 1e-3 dB that explains the gain of the signal intensity.

    Inverts Q = Y0 + (1 - Y0)(1 - exp(-eta mu)) (Ma, Qi, Zhao, Lo, PRA 72, 012326 (2005), with the cross term); receiver
    loss and detector efficiency are those of the link table. 0 when nothing can be said.
    """
    background = facts.background_yield_e9 / 1e9
    if not sent or mean_photon_number <= 0.0:
        return 0
    gain = detected / sent
    signal = (gain - background) / (1.0 - background)
    if not 0.0 < signal < 1.0:
        return 0
    # as a difference of logarithms: a quotient by a tiny number may exceed what a float can hold
    transmittance_db = 10.0 * (math.log10(-math.log1p(-signal)) - math.log10(mean_photon_number))
    receiver_db = facts.receiver_loss_mdb / 1000 - 10.0 * math.log10(facts.detector_efficiency_ppm / 1e6)
    return max(0, round(1000 * (-transmittance_db - receiver_db)))


def _sum(counts: Sequence[BasisCounts]) -> BasisCounts:
    if not counts:
        return BasisCounts(sent=(0,), detected=(0,), errors=(0,))
    return BasisCounts(
        sent=tuple(map(sum, zip(*(count.sent for count in counts), strict=True))),
        detected=tuple(map(sum, zip(*(count.detected for count in counts), strict=True))),
        errors=tuple(map(sum, zip(*(count.errors for count in counts), strict=True))),
    )
