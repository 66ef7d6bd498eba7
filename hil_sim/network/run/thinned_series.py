"""A record of many epochs in bounded memory."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]


class ThinnedSeries:
    """Rows of numbers, one per epoch; once there are too many, neighbours are merged two by two.

    Attributes:
        epochs_per_row: how many epochs a row of `means` stands for; the last row may stand for fewer.
    """

    def __init__(self, width: int, most: int = 512) -> None:
        """Begin without a row.

        Args:
            width: numbers in a row.
            most: rows to keep, even.

        Raises:
            ValueError: for an odd number of rows, or none.
        """
        if most < 2 or most % 2:
            raise ValueError(f"a thinned series keeps an even number of rows, got {most}")
        self.epochs_per_row = 1
        self._sums = np.zeros((most, width))
        self._epochs = 0

    def add(self, row: Floats) -> None:
        """Append the numbers of one epoch, shape (width,)."""
        most = self._sums.shape[0]
        place = self._epochs // self.epochs_per_row
        if place == most:
            self._sums[: most // 2] = self._sums[::2] + self._sums[1::2]
            self._sums[most // 2 :] = 0.0
            self.epochs_per_row *= 2
            place = most // 2
        self._sums[place] += row
        self._epochs += 1

    def ends(self) -> Counts:
        """Epochs that had passed at the end of each row, shape (rows,)."""
        rows = -(-self._epochs // self.epochs_per_row)
        return np.minimum(np.arange(1, rows + 1) * self.epochs_per_row, self._epochs)

    def means(self) -> Floats:
        """The mean row of the epochs of each row, shape (rows, width)."""
        ends = self.ends()
        return np.asarray(self._sums[: ends.size] / np.diff(ends, prepend=0)[:, np.newaxis])
