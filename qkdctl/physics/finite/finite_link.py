"""A link that distils its key block by block, and what a choice of source makes of it."""

from dataclasses import dataclass, replace
from typing import Protocol, Self

import numpy as np
from numpy.typing import ArrayLike

from qkdctl.physics.arrays import Floats, floats, widened
from qkdctl.physics.bb84 import Channel
from qkdctl.physics.finite.block_size import BlockSize
from qkdctl.physics.finite.decoy_counts import BlockCounts, IntensitySettings
from qkdctl.physics.finite.expected_counts import expected_block
from qkdctl.physics.finite.finite_key import FiniteKey
from qkdctl.physics.finite.security import Security

_NOTHING = 1e-100


@dataclass(frozen=True, slots=True)
class FiniteLink:
    """What a sender cannot choose; every part has shape [...].

    Attributes:
        channel: the same for both bases.
        block: when the key is distilled.
        correction: inefficiency f >= 1 of error correction.
        security: failure probabilities granted.
        afterpulse_probability: afterpulses per click.
    """

    channel: Channel
    block: BlockSize
    correction: ArrayLike
    security: Security
    afterpulse_probability: ArrayLike = 0.0

    def for_candidates(self, larger: float = 1.0) -> Self:
        """The same links with an axis at the end for choices to compare, and blocks so many times larger."""
        return replace(
            self,
            channel=widened(self.channel),
            block=BlockSize(_wide(self.block.number) * larger, self.block.unit),
            correction=_wide(self.correction),
            security=widened(self.security),
            afterpulse_probability=_wide(self.afterpulse_probability),
        )


@dataclass(frozen=True, slots=True)
class FiniteSource:
    """What a sender chooses.

    Attributes:
        settings: intensities and their probabilities, shape [..., intensities].
        key_basis_probability: of either end, shape [...].
    """

    settings: IntensitySettings
    key_basis_probability: ArrayLike


@dataclass(frozen=True, slots=True)
class ExpectedBlock:
    """What one block is expected to give, before any scatter.

    Attributes:
        key: what its counts prove.
        pulses: sent until it is full, shape [...].
        key_clicks: clicks in the key basis, shape [...].
    """

    key: FiniteKey
    pulses: Floats
    key_clicks: Floats

    def rate(self) -> Floats:
        """Secret bits per pulse sent, not rounded, negative where there is no key."""
        return np.asarray(self.key.length / self.pulses)

    def secret_fraction(self) -> Floats:
        """Secret bits per click in the key basis, not rounded, negative where there is no key."""
        return np.asarray(self.key.length / np.maximum(self.key_clicks, _NOTHING))


class KeyLength(Protocol):
    """`lim2014.key_length` or `rusca2018.key_length`."""

    def __call__(
        self, block: BlockCounts, settings: IntensitySettings, *, correction: ArrayLike, security: Security
    ) -> FiniteKey:
        """What the counts of a block prove."""


def expect_block(link: FiniteLink, source: FiniteSource, key_length: KeyLength) -> ExpectedBlock:
    """Block of a link with this source, by the analysis given."""

    def counts(pulses: ArrayLike) -> BlockCounts:
        return expected_block(
            link.channel,
            source.settings,
            pulses=pulses,
            key_basis_probability=source.key_basis_probability,
            afterpulse_probability=link.afterpulse_probability,
        )

    pulses = link.block.pulses(counts(1.0).key.total_clicks())
    block = counts(pulses)
    key = key_length(block, source.settings, correction=link.correction, security=link.security)
    return ExpectedBlock(key=key, pulses=pulses, key_clicks=block.key.total_clicks())


def _wide(values: ArrayLike) -> Floats:
    return floats(values)[..., np.newaxis]
