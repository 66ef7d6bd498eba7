"""The detectors that a bias driver or a counter is wired to."""

from collections.abc import Sequence
from typing import Protocol

from hil_sim.world.detector import DetectorChannel
from hil_sim.world.parameters import DetectorParameters, SnspdBias
from hil_sim.world.streams import random_stream

NANOWIRE = DetectorParameters(
    kind="snspd", efficiency=0.8, dark_count_rate_hz=20.0, dead_time_s=40e-9, bias=SnspdBias()
)
AVALANCHE_DIODE = DetectorParameters(kind="spad", efficiency=0.2, dark_count_rate_hz=500.0, dead_time_s=1e-6)


class Counting(Protocol):
    """Detectors whose pulses can be counted; channels count from 0."""

    @property
    def detectors(self) -> Sequence[DetectorChannel]:
        """The detectors, for reading."""

    def count_rate_hz(self, channel: int) -> float:
        """Expected counts per second."""

    def draw_counts(self, channel: int, integration_s: float) -> int:
        """Counts in a time window."""


class DetectorsPlace(Counting, Protocol):
    """Detectors that can be biased, too."""

    def set_detector_bias_ua(self, channel: int, bias_ua: float, enabled: bool) -> None:
        """Bias a nanowire and switch it on or off."""

    def set_detector_enabled(self, channel: int, enabled: bool) -> None:
        """Switch a detector on or off."""


class DarkDetectors:
    """Detectors on no link: they count in the dark."""

    def __init__(self, parameters: DetectorParameters, channels: int, seed: int) -> None:
        """Switch on so many equal detectors."""
        self.detectors = tuple(DetectorChannel(parameters) for _ in range(channels))
        self._random = random_stream(seed, "dark counts")

    def set_detector_bias_ua(self, channel: int, bias_ua: float, enabled: bool) -> None:
        """Bias a nanowire and switch it on or off."""
        self.detectors[channel].set_bias_ua(bias_ua)
        self.set_detector_enabled(channel, enabled)

    def set_detector_enabled(self, channel: int, enabled: bool) -> None:
        """Switch a detector on or off."""
        self.detectors[channel].set_enabled(enabled)

    def count_rate_hz(self, channel: int) -> float:
        """Dark counts per second."""
        return self.detectors[channel].dark_rate_hz()

    def draw_counts(self, channel: int, integration_s: float) -> int:
        """Poissonian dark counts."""
        return int(self._random.poisson(self.count_rate_hz(channel) * integration_s))
