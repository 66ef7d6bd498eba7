"""When misbehaviour happens."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Duty:
    """Epochs in which somebody misbehaves; all conditions have to hold.

    Attributes:
        start_epoch: the first of them; a sleeper strikes late.
        end_epoch: the first after them; none for ever.
        share: probability of each epoch, in (0, 1].
        period, burst: of every `period` epochs since the start the first `burst`.
        wary_below: trust, in [0, 1], below which one behaves until it has recovered.

    Raises:
        ValueError: for values outside their range.
    """

    start_epoch: int = 0
    end_epoch: int | None = None
    share: float = 1.0
    period: int = 1
    burst: int = 1
    wary_below: float = 0.0

    def __post_init__(self) -> None:
        if self.start_epoch < 0 or (self.end_epoch is not None and self.end_epoch <= self.start_epoch):
            raise ValueError(f"epochs must satisfy 0 <= start < end, got {self.start_epoch} and {self.end_epoch}")
        if not 0 < self.share <= 1:
            raise ValueError(f"share must lie in (0, 1], got {self.share}")
        if not 1 <= self.burst <= self.period:
            raise ValueError(f"a burst must last from 1 epoch to the period, got {self.burst} of {self.period}")
        if not 0 <= self.wary_below <= 1:
            raise ValueError(f"wary_below must lie in [0, 1], got {self.wary_below}")


ALWAYS: Final = Duty()


@dataclass(frozen=True, slots=True)
class Group:
    """Nodes that misbehave in the same epochs; without nodes an eavesdropper on the fibre.

    Attributes:
        label: names its random stream, which nothing else of the network shares.
        duty: when.
        nodes: who.
        draws: whether it needs the draws of an epoch even if its duty does not.
    """

    label: tuple[str | int, ...]
    duty: Duty
    nodes: tuple[int, ...] = ()
    draws: bool = False
