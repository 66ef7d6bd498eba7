"""Sequential test of claimed error rates against disclosed bits that the other end of the link holds itself.

The likelihood of the seen errors under a worse error rate, divided by that under the claim, is multiplied up over all
batches. If the claim is true the expected ratio never grows, so it ever passes 1/a with probability a at most, however
often one looks and for any way of choosing batch sizes (Ville's inequality; Wald, Ann. Math. Stat. 16, 117 (1945), for
the sequential probability ratio test). The average over several worse rates has the same property and needs no guess
of the true one.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import logit

from qkdctl.physics.arrays import Floats, floats
from qkdctl.physics.consistency.finding import Check, make_check

CLAIM = "disclosed-sample"

_LEAST_ODDS, _MOST_ODDS, _ALTERNATIVES = 1.05, 1000.0, 24


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the batches so far say, per link.

    Attributes:
        log_ratios: log likelihood ratio of each alternative to the claims, shape (*links, alternatives).
        peak: highest log of their mean so far, at least 0, shape (*links,).
    """

    log_ratios: Floats
    peak: Floats


@dataclass(frozen=True, slots=True)
class ClaimTest:
    """Alternatives to a claim, as factors on the odds of an error, so that every batch may bring its own claim.

    Attributes:
        log_odds: logarithms of these factors, shape (alternatives,) or (*links, alternatives). If all are positive,
            claims count as true also when there were fewer errors than claimed; if all are negative, when more.
        significance: probability of ever accusing a true claim, per link.
    """

    log_odds: Floats
    significance: float

    def start(self, links: tuple[int, ...] = ()) -> Evidence:
        """No evidence about links of this shape."""
        return Evidence(np.zeros((*links, self.log_odds.shape[-1])), np.zeros(links))

    def update(self, evidence: Evidence, claimed: ArrayLike, sampled: ArrayLike, errors: ArrayLike) -> Evidence:
        """The evidence after one more batch; links without a batch have 0 sampled bits.

        Args:
            evidence: what was known before.
            claimed: claimed error rate of the batch, in (0, 1), shape (*links,). A claim that is itself an estimate
                counts as its confidence limit towards the alternatives.
            sampled: disclosed bits.
            errors: those that differed.

        Raises:
            ValueError: unless 0 < claimed < 1 and 0 <= errors <= sampled.
        """
        q, n, k = (floats(part)[..., np.newaxis] for part in (claimed, sampled, errors))
        if not np.all((q > 0) & (q < 1)):
            raise ValueError(f"claimed error rates must lie in (0, 1), got {q[..., 0]!r}")
        if not np.all((k >= 0) & (k <= n)):
            raise ValueError(f"errors must lie in [0, sampled], got {k[..., 0]!r} of {n[..., 0]!r}")
        ratios = evidence.log_ratios + k * self.log_odds - n * np.log1p(q * np.expm1(self.log_odds))
        largest = ratios.max(axis=-1, keepdims=True)
        mean = largest[..., 0] + np.log(np.exp(ratios - largest).mean(axis=-1))
        return Evidence(np.asarray(ratios), np.asarray(np.maximum(evidence.peak, mean)))

    def accused(self, evidence: Evidence) -> NDArray[np.bool_]:
        """Links whose claims are refuted; once accused, always accused."""
        return np.asarray(evidence.peak >= -np.log(self.significance))

    def cleared(self, evidence: Evidence, miss: float) -> NDArray[np.bool_]:
        """Links where every alternative is refuted in turn; any that is true is refuted with probability `miss`."""
        return np.asarray(evidence.log_ratios.max(axis=-1) <= np.log(miss))

    def check(self, evidence: Evidence) -> Check:
        """The outcome so far; its p-value holds at any time (Ville)."""
        p_value = np.exp(-evidence.peak)
        reason = (
            "the disclosed bits speak against the claimed error rates with a likelihood ratio of exp({statistic:.3g})"
        )
        return make_check(CLAIM, evidence.peak, -np.log(self.significance), p_value, self.accused(evidence), reason)


def against(claimed: ArrayLike, alternative: ArrayLike, *, significance: float) -> ClaimTest:
    """Wald's test of a claim against one other error rate; both may be arrays over links, in (0, 1)."""
    return ClaimTest(np.asarray(logit(floats(alternative)) - logit(floats(claimed)))[..., np.newaxis], significance)


def against_understatement(*, significance: float) -> ClaimTest:
    """Test of "at most the claimed error rate" against all higher ones."""
    return ClaimTest(np.geomspace(np.log(_LEAST_ODDS), np.log(_MOST_ODDS), _ALTERNATIVES), significance)


def against_overstatement(*, significance: float) -> ClaimTest:
    """Test of "at least the claimed error rate" against all lower ones."""
    return ClaimTest(-np.geomspace(np.log(_LEAST_ODDS), np.log(_MOST_ODDS), _ALTERNATIVES), significance)
