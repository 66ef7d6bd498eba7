"""The limits an operator sets on what any policy may do."""

from dataclasses import dataclass, fields

HOUR_MS = 3_600_000


@dataclass(frozen=True)
class ShieldSettings:
    """Limits on changes; what a link may do at all stands in its facts.

    Attributes:
        max_raise_ppm: largest relative raise of the mean photon number in one epoch.
        qber_margin_ppm: no raise when either basis is nearer than this to the QBER limit of the protocol.
        stale_after_ms: no raise when the youngest session record is older.
        switches_per_hour: changes of protocol one link may make within an hour.
        switch_share_ppm: share of all links that may switch in the same epoch, rounded down but at least one link
            unless it is 0.
        realign_rest_epochs: shortest time between re-alignments of one link.
        realigns_per_hour: re-alignments one link may make within an hour.
    """

    max_raise_ppm: int = 350_000
    qber_margin_ppm: int = 10_000
    stale_after_ms: int = 3_000
    switches_per_hour: int = 4
    switch_share_ppm: int = 250_000
    realign_rest_epochs: int = 10
    realigns_per_hour: int = 120

    def __post_init__(self) -> None:
        """Reject negative limits.

        Raises:
            ValueError: naming the limit.
        """
        for field in fields(self):
            if getattr(self, field.name) < 0:
                raise ValueError(f"{field.name} is {getattr(self, field.name)}, expected 0 or more")

    def window_epochs(self, epoch_ms: int) -> int:
        """Epochs an hour takes, rounded up: how far the budgets look back."""
        return -(-HOUR_MS // epoch_ms)

    def switching_links(self, links: int) -> int:
        """How many of the links may switch in one epoch."""
        return max(1, links * self.switch_share_ppm // 1_000_000) if self.switch_share_ppm else 0
