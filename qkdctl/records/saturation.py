"""Sums of agreed counts that stay in their range."""

from qkdctl.records.base import Count

LARGEST = 2**63 - 1
"""Largest `Count`."""


def saturated(total: int) -> Count:
    """A sum that stops at the end of the range, so that no claim makes a state which cannot be read back.

    Args:
        total: of counts, at least 0.
    """
    return min(total, LARGEST)
