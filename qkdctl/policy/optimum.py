"""The mean photon number that gives most key on a link of low background, as an integer table over the error rate."""

from typing import Final

KNOT_PPM: Final = 10_000

BEST_E6: Final = (1_000_000, 778_022, 638_224, 526_242, 429_860, 343_577, 264_347, 190_270, 120_066, 52_818)
"""Solutions mu of (1 - mu) e^-mu = f h2(e) / (1 - h2(e)) at e = 0, 1, ... 9 %, f = 1.16 (Ma, Qi, Zhao and Lo 2005)."""


def best_mean_photon_number_e6(qber_ppm: int) -> int:
    """Best signal intensity of decoy BB84 at an error rate in ppm, interpolated; above 9 % the value at 9 %."""
    knot, rest = divmod(min(qber_ppm, (len(BEST_E6) - 1) * KNOT_PPM), KNOT_PPM)
    after = BEST_E6[min(knot + 1, len(BEST_E6) - 1)]
    return BEST_E6[knot] + (after - BEST_E6[knot]) * rest // KNOT_PPM
