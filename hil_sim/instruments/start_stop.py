"""A start-stop histogram of pulsed light."""

import numpy as np
from scipy.special import ndtr

# Where the pulses of the light arrive after the start, and how sharply.
_PEAK_TB = 5_000
_JITTER_TB = 60
MAX_BINS = 16_384


class StartStopHistogram:
    """Times from a reference event to the next stop event, in bins.

    Attributes:
        reference, stop: blocks that feed it, `NONE` for none.
        minimum_tb: beginning of the first bin, in time bases of 1 ps.
        bin_width_tb: width of a bin.
    """

    def __init__(self, random: np.random.Generator, period_s: float, *, stop: str) -> None:
        """An empty histogram of light that comes with this period."""
        self._random = random
        self._period_tb = period_s * 1e12
        self.reference = "STAR"
        self.stop = stop
        self.minimum_tb = 0
        self.bin_width_tb = 100
        self._bins = np.zeros(MAX_BINS, dtype=np.int64)

    @property
    def bin_count(self) -> int:
        """Number of bins."""
        return len(self._bins)

    def set_bin_count(self, count: int) -> None:
        """Take so many bins, empty ones."""
        self._bins = np.zeros(count, dtype=np.int64)

    def flush(self) -> None:
        """Empty every bin."""
        self._bins[:] = 0

    def fill(self, events: int, *, signal_share: float, delay_tb: int) -> None:
        """Sort events in: signal in a peak, the rest anywhere in the period; those outside the bins are not counted."""
        edges = self.minimum_tb + self.bin_width_tb * np.arange(len(self._bins) + 1)
        periods = self._period_tb * np.array([[-1], [0], [1]])
        peak_tb = (_PEAK_TB + delay_tb) % self._period_tb + periods
        signal = np.diff(ndtr((edges - peak_tb) / _JITTER_TB)).sum(axis=0)
        rest = np.diff(np.clip(edges, 0, self._period_tb)) / self._period_tb
        shares = signal_share * signal + (1 - signal_share) * rest
        outside = max(1 - shares.sum(), 0.0)
        self._bins += self._random.multinomial(events, [*shares, outside])[:-1]

    def data(self) -> list[int]:
        """Counts per bin."""
        return [int(count) for count in self._bins]
