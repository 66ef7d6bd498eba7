"""Loss of a channel from integers to an integer, with the same bits on every computer."""

from decimal import ROUND_HALF_EVEN, Context, Decimal, localcontext

from qkdctl.records.facts import LinkFacts

# Arithmetic, ln and log10 of the decimal module round correctly whatever the processor. The logarithm of 1 + x is taken
# of an x down to 1e-28, one count among 2^63 over a background in 1e-9: of 50 digits 22 are left, far more than
# thousandths of a dB need.
_FINE = Context(prec=50, rounding=ROUND_HALF_EVEN, Emin=-999_999, Emax=999_999, traps=[])
_EXACT = Context(prec=22, rounding=ROUND_HALF_EVEN, Emin=-999_999, Emax=999_999, traps=[])

_NANO = 1_000_000_000
_BOTH_ENDS = ("mdi", "tf", "bbm92")
"""Protocols in which light travels from or to both ends, and a receiver stands at the end of either arm."""


def channel_loss_mdb(facts: LinkFacts, protocol: str, sent: int, detected: int, mean_photon_number_e6: int) -> int:
    """Loss of the channel in 1e-3 dB that explains the gain of the signal intensity.

    The gain of each protocol is solved for the transmittance, with the dark counts, receiver loss and detector
    efficiency of the link table, and equal arms. p_d is the chance of a dark count in one of two detectors.

    - Decoy BB84: Q = Y0 + (1 - Y0) (1 - exp(-eta mu)) (Ma, Qi, Zhao, Lo, PRA 72, 012326 (2005), with the cross term).
    - MDI-QKD, basis Z, to leading order in dark counts: Q = 2 [u (1 - u)]^2 - 4 p_d^2, u = exp(-eta_1 mu / 2 - 2 p_d).
    - Twin-field QKD, signal windows: S = 1 - [1 - e (1 - exp(-eta_1 mu))]^2 + 2 (1 - e)^2 p_d.
    - Pairs, to leading order in eta_1: Q = eta_1^2 mu (1 + 3 mu / 2) + 2 eta_1 mu Y0 + Y0^2.

    `hil_sim.network.rows` has the same in floating-point numbers.

    Args:
        facts: of the link.
        protocol: in force; unknown ones are taken for decoy BB84.
        sent: pulses of the signal intensity, of basis Z alone for MDI-QKD and twin-field QKD.
        detected: clicks among them.
        mean_photon_number_e6: of the signal, 1e-6 photons per pulse.

    Returns:
        It, not below 0; 0 when nothing can be said.
    """
    if mean_photon_number_e6 <= 0 or not 0 < detected <= sent:
        return 0
    mean = Decimal(mean_photon_number_e6).scaleb(-6, _FINE)
    if protocol in _BOTH_ENDS:
        ends, eta = 2, _of_both_ends(facts, protocol, sent, detected, mean)
    else:
        ends, eta = 1, _of_bb84(facts, sent, detected, mean)
    if not eta > 0:
        return 0
    efficiency = Decimal(facts.detector_efficiency_ppm).scaleb(-6, _EXACT)
    channel = _EXACT.divide(eta, _EXACT.power(efficiency, ends))
    total_mdb = _EXACT.multiply(Decimal(-10_000), _EXACT.log10(channel))
    return max(0, int(total_mdb.to_integral_value(ROUND_HALF_EVEN, _EXACT)) - ends * facts.receiver_loss_mdb)


def _of_bb84(facts: LinkFacts, sent: int, detected: int, mean: Decimal) -> Decimal:
    """Transmittance; 0 where the gain is that of dark counts, or every pulse clicks."""
    whole = sent * (_NANO - facts.background_yield_e9)
    above = detected * _NANO - facts.background_yield_e9 * sent
    if not 0 < above < whole:
        return Decimal(0)
    return _EXACT.divide(_FINE.ln(_FINE.divide(Decimal(whole), Decimal(whole - above))), mean)


def _of_both_ends(facts: LinkFacts, protocol: str, sent: int, detected: int, mean: Decimal) -> Decimal:
    """Transmittance of both arms together; 0 likewise."""
    gain = _FINE.divide(Decimal(detected), Decimal(sent))
    background = Decimal(facts.background_yield_e9).scaleb(-9, _FINE)
    dark = _FINE.subtract(Decimal(1), _FINE.sqrt(_FINE.subtract(Decimal(1), background)))
    with localcontext(_FINE):
        if protocol == "bbm92":
            arm = _of_pairs(gain, background, mean)
        elif protocol == "mdi":
            arm = _of_mdi(gain, dark) / mean
        else:
            arm = _of_twin_field(gain, dark, Decimal(facts.sending_ppm).scaleb(-6)) / mean
        return arm * arm if arm > 0 else Decimal(0)


def _of_mdi(gain: Decimal, dark: Decimal) -> Decimal:
    """Photons of one end that reach the detectors midway."""
    # u (1 - u), which passes 1/4 for no light
    root = min((gain / 2 + 2 * dark * dark).sqrt(), Decimal("0.25"))
    return -2 * (1 - 2 * root / (1 + (1 - 4 * root).sqrt())).ln() - 4 * dark


def _of_twin_field(gain: Decimal, dark: Decimal, sending: Decimal) -> Decimal:
    """The same; 0 where nobody knows how often the ends send."""
    lit = min(max(gain - 2 * dark * (1 - sending) ** 2, Decimal(0)), Decimal(1))
    share = lit / (sending * (1 + (1 - lit).sqrt())) if sending else Decimal(0)
    return -(1 - share).ln() if share < 1 else Decimal(0)


def _of_pairs(gain: Decimal, background: Decimal, mean: Decimal) -> Decimal:
    """Transmittance of one arm."""
    beyond = gain - background * background
    if beyond <= 0:
        return Decimal(0)
    square, linear = mean * (1 + mean * 3 / 2), mean * background
    return beyond / (linear + (linear * linear + square * beyond).sqrt())
