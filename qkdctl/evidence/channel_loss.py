"""Loss of a channel from integers to an integer, with the same bits on every computer."""

from decimal import ROUND_HALF_EVEN, Context, Decimal

from qkdctl.records.facts import LinkFacts

# Arithmetic, ln and log10 of the decimal module round correctly whatever the processor. The logarithm of 1 + x is taken
# of an x down to 1e-28, one count among 2^63 over a background in 1e-9: of 50 digits 22 are left, far more than
# thousandths of a dB need.
_OF_ONE_AND_LITTLE = Context(prec=50, rounding=ROUND_HALF_EVEN, Emin=-999_999, Emax=999_999, traps=[])
_EXACT = Context(prec=22, rounding=ROUND_HALF_EVEN, Emin=-999_999, Emax=999_999, traps=[])


def channel_loss_mdb(facts: LinkFacts, sent: int, detected: int, mean_photon_number_e6: int) -> int:
    """Loss of the channel in 1e-3 dB that explains the gain of the signal intensity.

    Inverts Q = Y0 + (1 - Y0)(1 - exp(-eta mu)) (Ma, Qi, Zhao, Lo, PRA 72, 012326 (2005), with the cross term); receiver
    loss and detector efficiency are those of the link table. 0 when nothing can be said.

    Args:
        facts: of the link.
        sent: pulses of the signal intensity.
        detected: clicks among them.
        mean_photon_number_e6: of the signal, 1e-6 photons per pulse.
    """
    whole = sent * (1_000_000_000 - facts.background_yield_e9)
    above = detected * 1_000_000_000 - facts.background_yield_e9 * sent
    if mean_photon_number_e6 <= 0 or not 0 < above < whole:
        return 0
    dark = whole - above
    photons = _OF_ONE_AND_LITTLE.ln(_OF_ONE_AND_LITTLE.divide(Decimal(whole), Decimal(dark)))
    arriving = _EXACT.divide(photons, Decimal(mean_photon_number_e6))
    # of the transmittance over the efficiency: 1e6 for millionths of a photon, 1e-6 for parts per million
    transmittance = _EXACT.divide(arriving, Decimal(facts.detector_efficiency_ppm)).scaleb(12, _EXACT)
    total_mdb = _EXACT.multiply(Decimal(-10_000), _EXACT.log10(transmittance))
    return max(0, int(total_mdb.to_integral_value(ROUND_HALF_EVEN, _EXACT)) - facts.receiver_loss_mdb)
