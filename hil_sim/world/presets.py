"""Two typical links, each at the pace of a deployed fibre and at one that shows everything within a minute.

Sources of the numbers:

- fibre 0.2 dB/km at 1550 nm: ITU-T G.652, attributes of G.652.D (typical value);
- nanowire detectors of efficiency 0.65, 100 dark counts per second, 30 ns recovery: Hadfield, Nat. Photonics 3, 696
  (2009), and Boaron et al., Phys. Rev. Lett. 121, 190502 (2018);
- gated InGaAs detectors of efficiency 0.2, 1e-6 dark counts per gate of 1 ns, 2 us hold-off, 0.5 % afterpulses: within
  the ranges reviewed by Zhang, Itzler, Zbinden and Pan, Light Sci. Appl. 4, e286 (2015);
- polarisation that stays for hours in buried fibre and for milliseconds in aerial fibre: Ding et al., Opt. Express 25,
  27923 (2017).

Intrinsic errors and losses of the optics around the fibre are assumptions; so is the pace of the demonstration, which
lies between buried and aerial fibre.
"""

from hil_sim.world.parameters import DetectorParameters, LinkParameters, LossDrift, Polarization, SnspdBias

_DEPLOYED = {
    "loss_drift": LossDrift(wander_db=0.2, wander_time_s=7200, ramp_db_per_hour=0.001, day_amplitude_db=0.3),
    "polarization": Polarization(walk_rad_per_sqrt_s=0.003),
    "drift_step_s": 1.0,
}
_DEMONSTRATION = {
    "loss_drift": LossDrift(wander_db=0.5, wander_time_s=20, ramp_db_per_hour=10.0),
    "polarization": Polarization(walk_rad_per_sqrt_s=0.05),
    "drift_step_s": 0.05,
}

_NANOWIRE = DetectorParameters(
    kind="snspd", efficiency=0.65, dark_count_rate_hz=100, dead_time_s=30e-9, bias=SnspdBias()
)
_AVALANCHE = DetectorParameters(
    kind="spad", efficiency=0.2, dark_count_rate_hz=1000, dead_time_s=2e-6, afterpulse_probability=0.005, gated=True
)

_SNSPD_50_KM = LinkParameters(
    pulse_rate_hz=1e9,
    fixed_loss_db=55.0,
    tap_fraction=0.01,
    fibre_length_km=50.0,
    receiver_loss_db=3.0,
    intrinsic_error=0.008,
    gate_s=1e-9,
    detectors=(_NANOWIRE, _NANOWIRE),
)
_INGAAS_25_KM = LinkParameters(
    pulse_rate_hz=20e6,
    fixed_loss_db=60.0,
    tap_fraction=0.01,
    fibre_length_km=25.0,
    receiver_loss_db=3.0,
    intrinsic_error=0.006,
    gate_s=1e-9,
    detectors=(_AVALANCHE, _AVALANCHE),
)

PRESETS = {
    "snspd-50km": _SNSPD_50_KM.model_copy(update=_DEPLOYED),
    "snspd-50km-demo": _SNSPD_50_KM.model_copy(update=_DEMONSTRATION),
    "ingaas-25km": _INGAAS_25_KM.model_copy(update=_DEPLOYED),
    "ingaas-25km-demo": _INGAAS_25_KM.model_copy(update=_DEMONSTRATION),
}
"""Parameters by the names that scenarios use."""
