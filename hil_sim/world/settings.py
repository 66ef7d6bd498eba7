"""What the instruments of a link have set."""

from dataclasses import dataclass

Voltages = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class LinkSettings:
    """Settings of one link, apart from its detectors.

    Attributes:
        polarization_voltages_mv: voltages of the four plates of the polarisation controller.
        laser_power_w: average power leaving the laser, 0 when it is off.
        attenuation_db: of the variable attenuator, without its insertion loss.
        shutter_open: whether the attenuator's shutter lets light through.
        switch_connected: whether the optical switch joins the fibre to the receiver.
        modulation_ratio: mean intensity of the pulses relative to a signal pulse; 1 while no decoys are modulated.
    """

    polarization_voltages_mv: Voltages
    laser_power_w: float = 0.0
    attenuation_db: float = 0.0
    shutter_open: bool = True
    switch_connected: bool = True
    modulation_ratio: float = 1.0
