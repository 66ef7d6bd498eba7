"""Whether an end sends the light that it was ordered to send, by its own power read-back."""

from qkdctl.records.facts import LinkFacts
from qkdctl.records.network import LinkState
from qkdctl.records.report import EndReport

_PPM = 1_000_000
_STEP_PPM_PER_MDB = 231
"""ln(10) / 10 per dB, rounded up: 10^(-x/10) is at least 1 - x ln(10) / 10."""


def strays(facts: LinkFacts, before: LinkState, alice: EndReport) -> bool:
    """Whether the measured mean photon number is further from the commanded one than calibration and steps explain.

    Only of a link that ran at this setting for a whole epoch, for the tap lags behind a change. The uncertainty counts
    twice: what makes tap and attenuator wrong made the calibration wrong too. This is a bound, not a statistic: the
    honest never fail it while their instruments are within what their calibration records promise.

    Args:
        facts: of the link.
        before: state of the link one epoch before.
        alice: report of the sending end.
    """
    commanded, measured = alice.mean_photon_number_e6, alice.measured_mean_photon_number_e6
    settled = before.mode == alice.mode == "running" and before.mean_photon_number_e6 == commanded
    if not (settled and alice.trusted and commanded and measured):
        return False
    slack = 2 * facts.calibration_uncertainty_ppm
    most = commanded * (_PPM + slack)
    least = commanded * max(0, _PPM - slack - _STEP_PPM_PER_MDB * facts.attenuator_step_mdb)
    return not least <= measured * _PPM <= most
