"""One detector of the receiver: what its settings make of its efficiency and dark counts."""

import math

from hil_sim.world.parameters import DetectorParameters


class DetectorChannel:
    """State of one detector; it starts enabled, a nanowire at its operating bias.

    Attributes:
        enabled: a disabled detector counts nothing.
        bias_ua: bias current of a nanowire; 0 for other kinds.
        latched: the nanowire stays resistive, and so blind, after its bias has reached the switching current, until
            it is disabled or biased below the retrapping current.
    """

    def __init__(self, parameters: DetectorParameters) -> None:
        self.parameters = parameters
        self.enabled = True
        self.bias_ua = parameters.bias.operating_ua if parameters.bias else 0.0
        self.latched = False

    def set_enabled(self, enabled: bool) -> None:
        """Switch the detector on or off."""
        self.enabled = enabled
        self._update_latch()

    def set_bias_ua(self, bias_ua: float) -> None:
        """Set the bias of a nanowire.

        Raises:
            ValueError: for a detector without a bias, or a bias that is negative or no number.
        """
        if self.parameters.bias is None:
            raise ValueError(
                f"a detector of kind {self.parameters.kind!r} has no bias current; only enable or disable it"
            )
        if not 0 <= bias_ua < math.inf:
            raise ValueError(f"bias current must be 0 uA or more, got {bias_ua!r}")
        self.bias_ua = bias_ua
        self._update_latch()

    def efficiency(self) -> float:
        """Click probability per arriving photon with the present settings."""
        return self.parameters.efficiency * self._plateau()

    def dark_rate_hz(self) -> float:
        """Dark counts per second while able to click.

        Stray light is seen with the present efficiency; a nanowire's bias adds counts of its own that grow
        exponentially towards the switching current.
        """
        rate_hz = self.parameters.dark_count_rate_hz * self._plateau()
        bias = self.parameters.bias
        if bias is None or not self._able():
            return rate_hz
        return rate_hz + bias.switching_dark_rate_hz * math.exp((self.bias_ua - bias.switching_ua) / bias.dark_scale_ua)

    def _plateau(self) -> float:
        if not self._able():
            return 0.0
        bias = self.parameters.bias
        if bias is None:
            return 1.0
        return 1 / (1 + math.exp(-(self.bias_ua - bias.half_efficiency_ua) / bias.efficiency_width_ua))

    def _able(self) -> bool:
        return self.enabled and not self.latched

    def _update_latch(self) -> None:
        bias = self.parameters.bias
        if bias is None:
            return
        if not self.enabled or self.bias_ua < bias.retrapping_ua:
            self.latched = False
        elif self.bias_ua >= bias.switching_ua:
            self.latched = True
