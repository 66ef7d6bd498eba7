"""Tags that k of n signers make together, for one verifier and one statement: unconditional threshold authentication.

The verifier draws a key (A_1, ..., A_L, b) over GF(2^128) and shares each element among the signers (Shamir,
threshold k, signer i at point i). The tag of a statement m is T = sum A_l m_l + b. Both are linear, so signer i
computes its share of the tag from its share of the key alone: t_i = sum A_l^(i) m_l + b^(i).

Whoever knows k - 1 shares, and T for one statement, knows nothing about the T of any other: the two differ by the sum
of A_l times the difference of block l, which is uniform. That is one-time authentication (Wegman and Carter, J. Comput.
Syst. Sci. 22, 265 (1981)) with the hash sum A_l m_l; to share the key among senders is due to Desmedt, Frankel and Yung
(IEEE INFOCOM 1992, p. 2045).

A key is for one statement: from tags of m and m' under it anybody makes that of x m + (1 + x) m', for every x.
"""

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from qkdctl.secretsharing.field import ELEMENT_BYTES, GF128, BinaryField, element, element_bytes
from qkdctl.secretsharing.recovery import recover
from qkdctl.secretsharing.shares import MOST_SHARES, RandomBytes, Share, split
from qkdctl.secretsharing.statements import STATEMENT_BLOCKS, Statement

KEY_BYTES = (STATEMENT_BLOCKS + 1) * ELEMENT_BYTES
"""Size of a key, and of a share of one: 528."""
TAG_BYTES = ELEMENT_BYTES


@dataclass(frozen=True, slots=True)
class Threshold:
    """How many signers there are, how many are needed, and how many may lie.

    Attributes:
        n: signers, at points 1 to n.
        k: right partial tags that make a tag.
        f: signers that may do anything.

    Raises:
        ValueError: unless f + 1 <= k <= n - 2f and n <= 255. With k <= f liars sign alone; with k > n - 2f the tags of
            honest signers are too few to be told from those of liars.
    """

    n: int
    k: int
    f: int

    def __post_init__(self) -> None:
        if self.f < 0 or not self.f + 1 <= self.k <= self.n - 2 * self.f or self.n > MOST_SHARES:
            raise ValueError(
                f"a threshold needs f + 1 <= k <= n - 2f and n <= {MOST_SHARES}, got n {self.n}, k {self.k}, f {self.f}"
            )


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """Key of one verifier for one statement, with all shares of it.

    Attributes:
        secret: A_1 to A_L and b, 16 bytes each.
        tape: the coefficients that make shares of it, k - 1 times as many bytes.

    Raises:
        ValueError: for any other number of bytes.
    """

    threshold: Threshold
    secret: bytes
    tape: bytes

    def __post_init__(self) -> None:
        if len(self.secret) != KEY_BYTES or len(self.tape) != (self.threshold.k - 1) * KEY_BYTES:
            raise ValueError(
                f"a key for {self.threshold} has {KEY_BYTES} bytes and a tape of {(self.threshold.k - 1) * KEY_BYTES}, "
                f"got {len(self.secret)} and {len(self.tape)}"
            )

    def __repr__(self) -> str:
        """No key in logs and tracebacks."""
        return "VerifierKey(...)"

    @classmethod
    def draw(cls, threshold: Threshold, random: RandomBytes) -> Self:
        """A fresh key: k times 528 uniformly random bytes."""
        drawn = random(threshold.k * KEY_BYTES)
        return cls(threshold, drawn[:KEY_BYTES], drawn[KEY_BYTES:])

    def shares(self) -> tuple[Share, ...]:
        """What signers 1 to n get, each over a channel that nobody else can read."""
        return split(self.secret, self.threshold.k, self.threshold.n, lambda _: self.tape)

    def expected(self, statement: Statement) -> tuple[bytes, ...]:
        """The partial tags of signers 1 to n; all that is needed of the key once the statement is known."""
        return tuple(partial_tag(share.data, statement) for share in self.shares())

    def tag(self, statement: Statement) -> bytes:
        """The whole tag, 16 bytes."""
        return element_bytes(linear_tag(GF128, elements_of(self.secret), statement.blocks()))

    def accepts(self, statement: Statement, claimed: bytes) -> bool:
        """Whether a tag that somebody combined is right."""
        return hmac.compare_digest(self.tag(statement), claimed)


@dataclass(frozen=True, slots=True)
class Combined:
    """A tag that holds whatever f signers said.

    Attributes:
        tag: 16 bytes.
        wrong: signers, by point, whose partial tags do not belong to it. The dealer's shares or the signers may be to
            blame.
    """

    tag: bytes
    wrong: tuple[int, ...]


def partial_tag(share: bytes, statement: Statement) -> bytes:
    """The share of the tag that belongs to a share of the key, 16 bytes.

    Args:
        share: `data` of a share, 528 bytes.
        statement: what the signer stands by.

    Raises:
        ValueError: for any other number of bytes.
    """
    if len(share) != KEY_BYTES:
        raise ValueError(f"a share of a key has {KEY_BYTES} bytes, got {len(share)}")
    return element_bytes(linear_tag(GF128, elements_of(share), statement.blocks()))


def combine(partial_tags: Mapping[int, bytes], k: int, f: int) -> Combined:
    """The tag from partial tags, by one who knows no key, if at most f of the m signers heard lie.

    The result is a polynomial that fits at least k + f of the partial tags, hence k right ones, hence the true one.
    From m >= k + 2f there always is one.

    Args:
        partial_tags: point of the signer -> 16 bytes.
        k: threshold.
        f: signers that may lie.

    Raises:
        TooFewSharesError: less than k + f partial tags.
        InconsistentSharesError: no polynomial fits k + f of them: more have to come, more than f lie, or the dealer
            dealt badly.
        ValueError: a partial tag has another size.
    """
    found = recover([Share(point, TAG_BYTES, tag) for point, tag in partial_tags.items()], k, most_wrong=f)
    return Combined(found.secret, found.wrong)


def linear_tag(field: BinaryField, key: Sequence[int], message: Sequence[int]) -> int:
    """Sum of A_l m_l, plus b.

    Args:
        field: where all of it lives.
        key: A_1 to A_L, then b.
        message: m_1 to m_L.
    """
    *factors, tag = key
    for factor, block in zip(factors, message, strict=True):
        tag ^= field.multiply(factor, block)
    return tag


def elements_of(data: bytes) -> list[int]:
    """Elements of GF(2^128) in a string of bytes, whose length is a multiple of 16."""
    return [element(data[i : i + ELEMENT_BYTES]) for i in range(0, len(data), ELEMENT_BYTES)]
