"""Where the keys of single hops come from."""

from typing import Protocol


class HopKeys(Protocol):
    """Key that the two ends of a link hold in common, such as a `hil_sim.kme.pool.KeyPool`."""

    def available_bits(self) -> int:
        """Secret bits in store now."""

    def take(self, size_bytes: int) -> bytes:
        """Take so many bytes out, equal for both ends; nobody gets them again. Only what is available is asked for."""
