"""What the decoy counts of one end claim, and whether any photon numbers explain it.

If none do, a report is forged, or the intensities are not the claimed ones: no eavesdropper can cause it. The true
intensities may differ from the claimed ones by the uncertainty of the calibration, 1 % at least and 5 % at most.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from qkdctl.physics.arrays import Floats
from qkdctl.physics.consistency.decoy_yields import check_yields, program_from_counts
from qkdctl.physics.consistency.mere_loss import mere_loss_explains
from qkdctl.physics.consistency.tally import Tally
from qkdctl.records.facts import LinkFacts
from qkdctl.records.session import SessionRecord

_LEAST_TOLERANCE_PPM, _MOST_TOLERANCE_PPM = 10_000, 50_000
_BRIGHTEST_E6 = 10_000_000
_DECOY_PROTOCOLS = ("bb84",)


@dataclass(frozen=True, slots=True)
class DecoyClaim:
    """Counts of one end at one setting of the source.

    Attributes:
        mean_photon_numbers_e6: intensities as the end claims them, two at least.
        tolerance: share by which the true ones may differ.
        records: of this setting.
    """

    mean_photon_numbers_e6: tuple[int, ...]
    tolerance: float
    records: tuple[SessionRecord, ...]

    @property
    def mean_photon_numbers(self) -> Floats:
        """The intensities, in photons per pulse."""
        return np.array(self.mean_photon_numbers_e6) / 1e6

    @property
    def tally(self) -> Tally:
        """Sums over the records, of shape (2 bases, intensities), Z first."""

        def total(name: str) -> Floats:
            bases = ([getattr(basis, name) for basis in of_one] for of_one in zip(*both, strict=True))
            return np.array([[float(sum(column)) for column in zip(*rows, strict=True)] for rows in bases])

        both = [(record.z, record.x) for record in self.records]
        return Tally(total("sent"), total("detected"), total("errors"))

    def is_explained(self, significance: float) -> bool:
        """Whether any yields in [0, 1] explain the counts, by the linear program: 5 to 10 ms."""
        program = program_from_counts(
            self.mean_photon_numbers, self.tally, significance=significance, tolerance=self.tolerance
        )
        return program.explained()

    def contradiction(self, significance: float) -> str:
        """Why none do, with numbers; "" when some do. Where none do it takes two to three times as long."""
        check = check_yields(self.mean_photon_numbers, self.tally, significance=significance, tolerance=self.tolerance)
        finding = check.finding()
        return finding.sentence if finding else ""


def decoy_claims(facts: LinkFacts, records: Iterable[SessionRecord]) -> tuple[DecoyClaim, ...]:
    """The claims of one end in one epoch, without records whose shape or light the integer tests judge.

    Args:
        facts: of the link.
        records: of the end.
    """
    groups: dict[tuple[int, ...], list[SessionRecord]] = {}
    for record in records:
        mus = record.mean_photon_numbers_e6
        has_decoys = record.protocol in _DECOY_PROTOCOLS and 1 < len(mus) == len(record.z.sent) == len(record.x.sent)
        if has_decoys and max(mus) <= _BRIGHTEST_E6:
            groups.setdefault(mus, []).append(record)
    tolerance = min(max(facts.calibration_uncertainty_ppm, _LEAST_TOLERANCE_PPM), _MOST_TOLERANCE_PPM) / 1e6
    return tuple(DecoyClaim(mus, tolerance, tuple(of_setting)) for mus, of_setting in groups.items())


def unusual(claims: Sequence[DecoyClaim], significance: float) -> list[int]:
    """Positions of the claims that no channel that merely loses photons was found to explain.

    Only these need the linear program. Those of honest ends are rarely among them, and to see that of all takes about a
    millisecond, and a tenth for each.

    Args:
        claims: of any number of ends.
        significance: probability of a false alarm, per claim.
    """
    found: list[int] = []
    for intensities in {len(claim.mean_photon_numbers_e6) for claim in claims}:
        alike = [number for number, claim in enumerate(claims) if len(claim.mean_photon_numbers_e6) == intensities]
        tallies = [claims[number].tally for number in alike]
        explained = mere_loss_explains(
            np.stack([claims[number].mean_photon_numbers for number in alike]),
            Tally(*(np.stack([getattr(tally, part) for tally in tallies]) for part in Tally.__slots__)),
            significance=significance,
            tolerance=np.array([claims[number].tolerance for number in alike]),
        )
        found += [number for number, is_explained in zip(alike, explained, strict=True) if not is_explained]
    return sorted(found)


def contradiction(facts: LinkFacts, records: Iterable[SessionRecord], significance: float) -> str:
    """Why no photon-number yields in [0, 1] explain the decoy counts of these records; "" when some do.

    Args:
        facts: of the link.
        records: of one end in one epoch.
        significance: probability of a false alarm, per setting of the source.
    """
    claims = decoy_claims(facts, records)
    reasons = (claims[number].contradiction(significance) for number in unusual(claims, significance))
    return next(filter(None, reasons), "")
