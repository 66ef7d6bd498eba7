"""From the figures of a link to the integers that all nodes decide by.

Every step is exact or correctly rounded by a standard (IEEE 754, decimal arithmetic), so all nodes get the same
integers from the same text, whatever their processors and libraries.
"""

from decimal import ROUND_CEILING, Context, Decimal

from qkdctl.config.shared_figures import SharedFigures, to_e6
from qkdctl.records.facts import LinkFacts, ProtocolFacts

_EXACT = Context(prec=50, rounding=ROUND_CEILING)
_NANO = 10**9


def link_facts(link: str, figures: SharedFigures, dwell_epochs: int) -> LinkFacts:
    """The row of a link in the table of all nodes.

    Args:
        link: its name.
        figures: as configured or described.
        dwell_epochs: for which a protocol is kept at least.
    """
    ceiling = key_ceiling_e9(figures.least_loss_db)
    protocols = tuple(
        ProtocolFacts(
            protocol=protocol,
            cap_mean_photon_number_e6=figures.maximum_mean_photon_number_e6,
            qber_limit_ppm=figures.qber_limit_ppm,
            key_ceiling_e9=ceiling,
        )
        for protocol in figures.protocols
    )
    return LinkFacts(
        link=link,
        alice=figures.alice,
        bob=figures.bob,
        protocols=protocols,
        pulse_rate_hz=round(figures.pulse_rate_hz),
        detector_efficiency_ppm=to_e6(figures.detector_efficiency),
        receiver_loss_mdb=round(1000 * figures.receiver_loss_db),
        click_ceiling_hz=click_ceiling_hz(figures.detector_dead_time_ns, figures.detectors),
        background_yield_e9=round(figures.background_yield * 1e9),
        aligned_qber_ppm=figures.expected_qber_ppm,
        attenuator_step_mdb=round(1000 * figures.attenuator_step_db),
        calibration_uncertainty_ppm=figures.calibration_uncertainty_ppm,
        can_realign=int(figures.can_realign),
        realign_dead_ms=round(1000 * figures.realign_dead_s),
        dwell_epochs=dwell_epochs,
    )


def key_ceiling_e9(least_loss_db: float | None) -> int:
    """Most secret bits per pulse over a channel of this loss, in 1e-9, rounded up; 1e9 where nothing is known.

    The bound -log2(1 - eta) of Pirandola, Laurenza, Ottaviani and Banchi (Nat. Commun. 8, 15043, 2017), below one bit
    per pulse, which is all that pulses with one bit each can carry.
    """
    if not least_loss_db:
        return _NANO
    nepers = _EXACT.multiply(Decimal(repr(least_loss_db)), _EXACT.divide(_EXACT.ln(Decimal(10)), Decimal(10)))
    lost = _EXACT.subtract(Decimal(1), _EXACT.exp(nepers.copy_negate()))
    bits = _EXACT.divide(_EXACT.ln(lost).copy_negate(), _EXACT.ln(Decimal(2)))
    return min(_NANO, _rounded_up(_EXACT.multiply(bits, Decimal(_NANO))))


def click_ceiling_hz(dead_time_ns: float | None, detectors: int) -> int:
    """Most clicks per second of a receiver, rounded up; 0 where nothing is known."""
    if dead_time_ns is None:
        return 0
    return _rounded_up(_EXACT.divide(Decimal(detectors * _NANO), Decimal(repr(dead_time_ns))))


def _rounded_up(value: Decimal) -> int:
    return int(value.to_integral_value(ROUND_CEILING))
