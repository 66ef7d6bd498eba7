"""Making the calibration record of a link: read the tap at the operating current while no light can leave."""

import statistics

from qkdctl.actuation.calibration import CalibrationRecord, OpticalPath
from qkdctl.actuation.roles import LinkRoles, NotReadyError, usable
from qkdctl.actuation.safety import make_dark
from qkdctl.clock import Clock
from qkdctl.devices.device import MAXIMUM, Device
from qkdctl.devices.supervisor import Supervisor

_LEAST_CONTRAST = 20.0
_WINDOW = 5
_STEADY = 5e-4
_SETTLE_S = 10.0


async def calibrate(
    roles: LinkRoles,
    link: str,
    path: OpticalPath,
    operating_current_a: float,
    clock: Clock,
    *,
    samples: int = 20,
    interval_s: float = 0.02,
    meter_uncertainty_db: float = 0.13,
) -> CalibrationRecord:
    """Calibrate one link. The link is dark before, at the fibre input also meanwhile, and dark afterwards.

    The attenuator stands at its maximum with the shutter closed where it has one, so the reading is safe at any laser
    power within the limits of the source.

    Args:
        roles: source, attenuator and power meter must be online.
        link: name for the record.
        path: the fixed part of the optics.
        operating_current_a: laser current of normal operation.
        clock: for time stamp and intervals.
        samples: readings of the tap.
        interval_s: between two readings.
        meter_uncertainty_db: standard uncertainty of the power meter (3 % is 0.13 dB: Thorlabs S154C data sheet).

    Raises:
        NotReadyError: an instrument is missing, or the tap shows no light.
    """
    source = usable(roles.source, "calibration")
    attenuator = usable(roles.attenuator, "calibration")
    meter = usable(roles.power_meter, "calibration")
    await make_dark(roles)
    try:
        await _shut(roles.attenuator, attenuator)
        await meter.write_verified("wavelength_nm", path.wavelength_nm)
        dark_w = await _readings(meter, clock, samples, interval_s)
        await _emit(roles.source, source, operating_current_a)
        await _settle(meter, clock, interval_s)
        bright_w = await _readings(meter, clock, samples, interval_s)
    finally:
        await make_dark(roles)
    tap_power_w = statistics.fmean(bright_w) - statistics.fmean(dark_w)
    if tap_power_w < _LEAST_CONTRAST * max(statistics.fmean(dark_w), 1e-15):
        raise NotReadyError(
            f"{link}: the tap reads {statistics.fmean(bright_w):.3g} W with the laser on and "
            f"{statistics.fmean(dark_w):.3g} W with it off; expected at least {_LEAST_CONTRAST:g} times more. "
            "Check fibre, connectors and the tap"
        )
    return CalibrationRecord(
        link=link,
        made_at_ms=clock.wall_ms(),
        path=path,
        operating_current_a=operating_current_a,
        tap_power_w=tap_power_w,
        tap_power_sd_w=statistics.stdev(bright_w),
        samples=samples,
        meter_uncertainty_db=meter_uncertainty_db,
        source=source.identity.text,
        power_meter=meter.identity.text,
        attenuator=attenuator.identity.text,
    )


async def _shut(supervisor: Supervisor, attenuator: Device) -> None:
    """Closed shutter and full attenuation, both shown; without the second an attenuator without shutter would leak."""
    async with supervisor.writing:
        report = await attenuator.to_safe_state()
    wanted = {name for name, target in attenuator.safe_actions if target == MAXIMUM}
    if missing := sorted(wanted & set(report.failures)):
        raise NotReadyError(f"{attenuator.name}: {', '.join(report.failures[name] for name in missing)}")


async def _emit(supervisor: Supervisor, source: Device, current_a: float) -> None:
    async with supervisor.writing:
        if any(attribute.name == "temperature_control_enabled" for attribute in source.attributes):
            await source.write_verified("temperature_control_enabled", True)
        await source.write_verified("current_a", current_a)
        await source.write_verified("emission_enabled", True)


async def _settle(meter: Device, clock: Clock, interval_s: float) -> None:
    """Wait until the laser's temperature has settled: two windows of readings that agree, or the patience is over."""
    before = statistics.fmean(await _readings(meter, clock, _WINDOW, interval_s))
    deadline = clock.monotonic() + _SETTLE_S
    while clock.monotonic() < deadline:
        await clock.sleep(_SETTLE_S / 50)
        now = statistics.fmean(await _readings(meter, clock, _WINDOW, interval_s))
        if abs(now - before) <= _STEADY * now:
            return
        before = now


async def _readings(meter: Device, clock: Clock, samples: int, interval_s: float) -> list[float]:
    readings = []
    for _ in range(samples):
        readings.append(float(await meter.read("power_w")))
        await clock.sleep(interval_s)
    return readings
