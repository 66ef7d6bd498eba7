"""How bright a link may be commanded so that it is never brighter than its security proof allows."""

from qkdctl.records.facts import LinkFacts, ProtocolFacts

_E6 = 1_000_000
_PPM_PER_MDB = 231
"""10^(1/10000) is 1 + 230.3e-6; rounded up."""


def brightest_e6(mean_photon_number_e6: int, facts: LinkFacts) -> int:
    """Highest mean photon number a command may really give, rounded up, 1e-6 photons per pulse.

    Adds the calibration uncertainty and one step of the attenuator in the bright direction.
    """
    numerator = mean_photon_number_e6 * (_E6 + facts.calibration_uncertainty_ppm) * _step_gain_e12(facts)
    return -(-numerator // (_E6 * _E6 * _E6))


def highest_allowed_e6(facts: LinkFacts, protocol: ProtocolFacts) -> int:
    """Highest command whose brightest outcome is at or below the cap of the protocol, 1e-6 photons per pulse."""
    scale = (_E6 + facts.calibration_uncertainty_ppm) * _step_gain_e12(facts)
    return protocol.cap_mean_photon_number_e6 * _E6 * _E6 * _E6 // scale


def _step_gain_e12(facts: LinkFacts) -> int:
    """Upper bound 1 + x + x^2 of e^x for the brightening by one attenuator step; it holds for x <= 1.79."""
    ppm = facts.attenuator_step_mdb * _PPM_PER_MDB
    return _E6 * _E6 + ppm * _E6 + ppm * ppm
