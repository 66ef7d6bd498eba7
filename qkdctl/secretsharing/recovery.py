"""Back from shares to the secret, although some may be wrong; who sent a wrong one is named."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from qkdctl.secretsharing.blocks import Blocks, block_bytes, blocks, combine, from_ints, to_ints
from qkdctl.secretsharing.decoding import decode
from qkdctl.secretsharing.field import GF128
from qkdctl.secretsharing.polynomials import evaluate, lagrange_weights
from qkdctl.secretsharing.shares import Share


class TooFewSharesError(ValueError):
    """There are not enough shares for a result that is certain."""


class InconsistentSharesError(ValueError):
    """Some shares are wrong, and it cannot be told with certainty which."""


@dataclass(frozen=True, slots=True)
class Recovered:
    """A secret that is certain under the caller's assumption.

    Attributes:
        secret: what was shared.
        wrong: indices of the shares that are wrong in any block or length, ascending.
    """

    secret: bytes
    wrong: tuple[int, ...]


def join(shares: Iterable[Share], k: int) -> bytes:
    """The secret, from k shares or more that are all believed to be right.

    Raises:
        TooFewSharesError: for less than k shares.
        InconsistentSharesError: if there are more than k and they contradict each other.
        ValueError: for two shares of one index, or k below 1.
    """
    return recover(shares, k, most_wrong=0).secret


def recover(shares: Iterable[Share], k: int, *, most_wrong: int) -> Recovered:
    """The secret and the wrong shares, if at most `most_wrong` of the m shares given are wrong.

    With e = most_wrong and m >= k + 2 e this always succeeds and names exactly the wrong ones. With fewer, m >= k + e,
    up to m - k - e wrong shares in a block are still corrected, and more are noticed. A result is certain: a
    polynomial that fits all but m - k - e shares has k of them, at least, in common with the true one.

    Shares that were found wrong in one block are left out of the next ones, where fewer can then be wrong.

    Raises:
        TooFewSharesError: for less than k + e shares, where a wrong secret could look right.
        InconsistentSharesError: if the shares contradict each other beyond what can be corrected with certainty.
        ValueError: for two shares of one index, k below 1 or e below 0.
    """
    ordered = sorted(shares, key=lambda share: share.index)
    _check(ordered, k, most_wrong)
    word = _of_one_length(ordered, k, most_wrong)
    while (column := word.first_contradiction()) is not None:
        polynomial = decode(GF128, word.points, to_ints(word.values[:, column]), k)
        if polynomial is None:
            raise _contradiction(word, f"block {column} fits no polynomial closely enough")
        seen = to_ints(word.values[:, column])
        right = [evaluate(GF128, polynomial, x) == y for x, y in zip(word.points, seen, strict=True)]
        word = word.keep(right, where=f"block {column}")
    kept = set(word.points)
    secret = block_bytes(word.value_at(0))[: word.length]
    return Recovered(secret, tuple(share.index for share in ordered if share.index not in kept))


@dataclass(frozen=True)
class _Received:
    """Shares of one length: points, values of shape (m, blocks, 2), and how many may be wrong."""

    points: tuple[int, ...]
    values: Blocks
    length: int
    k: int
    most_wrong: int

    @cached_property
    def correctable(self) -> int:
        return min(self.most_wrong, len(self.points) - self.k - self.most_wrong)

    def value_at(self, x: int) -> Blocks:
        """What the first k shares say about a point, for every block."""
        weights = lagrange_weights(GF128, self.points[: self.k], x)
        return combine(from_ints(weights), self.values[: self.k])

    def first_contradiction(self) -> int | None:
        """The first block in which the other shares do not fit to the first k."""
        unfit: NDArray[np.bool_] = np.zeros(self.values.shape[1], dtype=np.bool_)
        for x, value in zip(self.points[self.k :], self.values[self.k :], strict=True):
            unfit |= (self.value_at(x) != value).any(axis=-1)
        return int(unfit.argmax()) if unfit.any() else None

    def keep(self, right: Sequence[bool], *, where: str) -> "_Received":
        """Without the shares found wrong, if those are few enough to be certain."""
        wrong = len(right) - sum(right)
        if wrong > self.correctable:
            raise _contradiction(self, f"{where} would need {wrong} to be wrong")
        points = tuple(x for x, good in zip(self.points, right, strict=True) if good)
        return _Received(points, self.values[np.array(right)], self.length, self.k, self.most_wrong - wrong)


def _of_one_length(shares: list[Share], k: int, most_wrong: int) -> _Received:
    """Shares of the length that can only be the true one; others are wrong.

    A length that at least m - (m - k - e) = k + e shares state is stated by a right one.
    """
    (length, support), *_ = sorted(Counter(share.length for share in shares).items(), key=lambda item: -item[1])
    points = tuple(share.index for share in shares if share.length == length)
    values = np.stack([blocks(share.data) for share in shares if share.length == length])
    wrong = len(shares) - support
    if wrong > min(most_wrong, len(shares) - k - most_wrong):
        raise InconsistentSharesError(
            f"the {len(shares)} shares state different lengths, at most {support} the same one; "
            f"with {most_wrong} wrong shares any could be the true one"
        )
    return _Received(points, values, length, k, most_wrong - wrong)


def _check(shares: list[Share], k: int, most_wrong: int) -> None:
    if k < 1 or most_wrong < 0:
        raise ValueError(f"recovery needs k >= 1 and most_wrong >= 0, got k {k} and most_wrong {most_wrong}")
    indices = [share.index for share in shares]
    if len(set(indices)) < len(indices):
        raise ValueError(f"every share may be given once, got the indices {indices}")
    if len(shares) < k + most_wrong:
        raise TooFewSharesError(
            f"a threshold of {k} with up to {most_wrong} wrong shares needs at least {k + most_wrong} shares, "
            f"got {len(shares)}; {k + 2 * most_wrong} would also correct them"
        )


def _contradiction(word: _Received, found: str) -> InconsistentSharesError:
    return InconsistentSharesError(
        f"the {len(word.points)} shares contradict each other: {found}, of which {word.correctable} can be corrected "
        f"with certainty (threshold {word.k}, at most {word.most_wrong} wrong)"
    )
