"""The place of an attenuator on an optical link."""

from hil_sim.world.link import OpticalLink
from qkdctl.physics.photons import transmittance


class AttenuatorOnLink:
    """What an attenuator does to its link and sees of it."""

    def __init__(self, link: OpticalLink) -> None:
        """Sit on `link`."""
        self._link = link

    def set_attenuation_db(self, attenuation_db: float) -> None:
        """Attenuate the link's light."""
        self._link.set_attenuation_db(attenuation_db)

    def set_shutter_open(self, is_open: bool) -> None:
        """Let the link's light pass or not."""
        self._link.set_shutter_open(is_open)

    def input_power_w(self) -> float:
        """Power of the laser behind the fixed losses in front of the attenuator."""
        fixed = float(transmittance(self._link.parameters.fixed_loss_db))
        return self._link.settings.laser_power_w * fixed
