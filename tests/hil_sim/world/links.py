"""A clock moved by hand, and plain links to experiment with."""

from hil_sim.world.link import OpticalLink
from hil_sim.world.parameters import DetectorParameters, LinkParameters, SnspdBias


class HandClock:
    def __init__(self, now_s=100.0):
        self.now_s = now_s

    def monotonic(self):
        return self.now_s

    def wall_ms(self):
        return 1_700_000_000_000 + round(self.now_s * 1000)

    async def sleep(self, seconds):
        raise AssertionError("the world never waits")

    def go_on(self, seconds):
        self.now_s += seconds


QUIET = DetectorParameters(kind="spad", efficiency=0.5, dark_count_rate_hz=200.0, dead_time_s=0.0)
NANOWIRE = DetectorParameters(
    kind="snspd", efficiency=0.65, dark_count_rate_hz=100.0, dead_time_s=0.0, bias=SnspdBias()
)
STILL = LinkParameters(
    pulse_rate_hz=1e9,
    fixed_loss_db=55.0,
    tap_fraction=0.01,
    fibre_length_km=50.0,
    receiver_loss_db=3.0,
    intrinsic_error=0.01,
    gate_s=1e-9,
    detectors=(QUIET, QUIET),
)
"""A link without drift, dead time and afterpulses."""


def lit_link(parameters=STILL, *, seed=1, name="alice-bob", clock=None, mean_photon_number=0.5):
    """A link whose laser is set for this mean photon number, behind 27 dB of attenuation."""
    link = OpticalLink(name, parameters, seed, clock or HandClock())
    link.set_attenuation_db(27.0)
    link.set_laser_power_w(1e-3)
    link.set_laser_power_w(1e-3 * mean_photon_number / link.mean_photon_number())
    return link


def with_detectors(parameters=STILL, **changes):
    """The same link with both detectors changed."""
    detectors = tuple(d.model_copy(update=changes) for d in parameters.detectors)
    return parameters.model_copy(update={"detectors": detectors})
