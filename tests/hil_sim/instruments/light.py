"""A light path of one laser, one attenuator and one tap, without the optical world."""


class Light:
    """Keeps what instruments set and shows it to those that measure."""

    def __init__(self, laser_w: float = 0.0) -> None:
        self.laser_w = laser_w
        self.attenuation_db = 0.0
        self.shutter_open = True
        self.connected = True
        self.wavelength_nm = 1550.0

    def set_laser_power_w(self, power_w: float) -> None:
        self.laser_w = power_w

    def set_attenuation_db(self, attenuation_db: float) -> None:
        self.attenuation_db = attenuation_db

    def set_shutter_open(self, is_open: bool) -> None:
        self.shutter_open = is_open

    def set_switch_connected(self, connected: bool) -> None:
        self.connected = connected

    def input_power_w(self) -> float:
        return self.laser_w

    def tap_power_w(self) -> float:
        return self.laser_w
