"""Shares with tags: the receiver tells right from wrong share by share.

Sender and receiver have one `OneTimeKey` for each share in advance; whoever carries a share has none. A changed share
then counts as a missing one: n >= k + e suffices where `recover` needs n >= k + 2 e.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from qkdctl.secretsharing.recovery import Recovered, TooFewSharesError, join
from qkdctl.secretsharing.shares import Share
from qkdctl.secretsharing.tags import OneTimeKey, tag, verify


@dataclass(frozen=True, slots=True)
class SealedShare:
    """A share and its tag, which also covers index and length."""

    share: Share
    tag: bytes


def seal(share: Share, key: OneTimeKey) -> SealedShare:
    """The share with its tag; the key's pad must not be used for anything else."""
    return SealedShare(share, tag(key, _message(share)))


def recover_sealed(sealed: Iterable[SealedShare], keys: Mapping[int, OneTimeKey], k: int) -> Recovered:
    """The secret from the shares whose tags are right, and the indices of the others.

    A forged share passes with at most `forging_probability(16 + length of the secret)`.

    Args:
        sealed: shares as received, at most one of each index.
        keys: key of each index.
        k: threshold.

    Raises:
        TooFewSharesError: if less than k tags are right.
        InconsistentSharesError: if more than k are right but do not fit: the sender dealt badly, or a forgery passed.
        KeyError: for an index without a key.
    """
    received = list(sealed)
    right = [s.share for s in received if verify(keys[s.share.index], _message(s.share), s.tag)]
    good = {share.index for share in right}
    wrong = tuple(sorted(s.share.index for s in received if s.share.index not in good))
    if len(right) < k:
        raise TooFewSharesError(f"a threshold of {k} needs as many shares with right tags, got {len(right)}")
    return Recovered(join(right, k), wrong)


def _message(share: Share) -> bytes:
    return share.index.to_bytes(8, "big") + share.length.to_bytes(8, "big") + share.data
