"""Making the calibration record of a link: read the tap at the operating current while no light can leave."""

import math
import statistics
from dataclasses import dataclass

from qkdctl.actuation.calibration import CalibrationRecord, OpticalPath
from qkdctl.actuation.roles import AliceEnd, NotReadyError, usable
from qkdctl.actuation.writer import Writer
from qkdctl.clock import Clock
from qkdctl.devices.device import MAXIMUM, Device
from qkdctl.devices.supervisor import Supervisor

_LEAST_CONTRAST = 20.0
_WINDOW = 5
_STEADY = 5e-4
_SETTLE_S = 10.0
_STEPS = 20


@dataclass(frozen=True, slots=True)
class CalibrationOrder:
    """What shall be calibrated, and how.

    Attributes:
        link: name for the record.
        path: the fixed part of the optics.
        operating_current_a: laser current of normal operation.
        cap_e6: mean photon number that the fibre must never get, 1e-6 photons per pulse.
        samples: readings of the tap.  interval_s: between two of them.
        meter_uncertainty_db: standard uncertainty of the power meter (3 % is 0.13 dB: Thorlabs S154C data sheet).
    """

    link: str
    path: OpticalPath
    operating_current_a: float
    cap_e6: int
    samples: int = 20
    interval_s: float = 0.02
    meter_uncertainty_db: float = 0.13


async def calibrate(alice: AliceEnd, order: CalibrationOrder, writer: Writer, clock: Clock) -> CalibrationRecord:
    """Calibrate one link. The caller has made it dark, and makes it dark again, whatever comes of it.

    The attenuator stands at its maximum with the shutter closed where it has one. Where it has none the laser is turned
    up step by step under the eyes of the tap, so that the fibre never gets more than the cap.

    Raises:
        NotReadyError: an instrument is missing, the tap shows no light, or too much of it would reach the fibre.
        WithdrawnError: something that counts more has ended the calibration.
    """
    tap = _Tap(usable(alice.power_meter, "calibration"), order, clock)
    source, attenuator = usable(alice.source, "calibration"), usable(alice.attenuator, "calibration")
    await _prepare(alice, order, writer)
    dark_w = statistics.fmean(await tap.readings(order.samples))
    if attenuator.darkens:
        await writer.set(alice.source, "current_a", order.operating_current_a)
        await writer.set(alice.source, "emission_enabled", True)
    else:
        await _turn_up(alice, order, tap, dark_w, writer)
    await tap.settled()
    bright_w = await tap.readings(order.samples)
    writer.check()
    tap_power_w = statistics.fmean(bright_w) - dark_w
    if not tap_power_w >= _LEAST_CONTRAST * max(dark_w, 1e-15) or not math.isfinite(tap_power_w):
        raise NotReadyError(
            f"{order.link}: the tap reads {statistics.fmean(bright_w):.3g} W with the laser on and {dark_w:.3g} W with "
            f"it off; expected at least {_LEAST_CONTRAST:g} times more. Check fibre, connectors and the tap"
        )
    return CalibrationRecord(
        link=order.link,
        made_at_ms=clock.wall_ms(),
        path=order.path,
        operating_current_a=order.operating_current_a,
        tap_power_w=tap_power_w,
        tap_power_sd_w=statistics.stdev(bright_w),
        samples=order.samples,
        meter_uncertainty_db=order.meter_uncertainty_db,
        source=source.identity.text,
        power_meter=tap.meter.identity.text,
        attenuator=attenuator.identity.text,
    )


async def _prepare(alice: AliceEnd, order: CalibrationOrder, writer: Writer) -> None:
    """Closed shutter and full attenuation, both shown; the wavelength where it counts; the laser cooled, and off."""
    attenuator = alice.attenuator.device
    writer.check()
    report = await attenuator.to_safe_state()
    wanted = {name for name, target in attenuator.safe_actions if target == MAXIMUM}
    if missing := sorted(wanted & set(report.failures)):
        raise NotReadyError(f"{attenuator.name}: {', '.join(report.failures[name] for name in missing)}")
    for supervisor in (alice.attenuator, alice.power_meter):
        if supervisor is not None and _can_write(supervisor, "wavelength_nm"):
            await writer.set(supervisor, "wavelength_nm", order.path.wavelength_nm)
    if _can_write(alice.source, "temperature_control_enabled"):
        await writer.set(alice.source, "temperature_control_enabled", True)


async def _turn_up(alice: AliceEnd, order: CalibrationOrder, tap: "_Tap", dark_w: float, writer: Writer) -> None:
    """Raise the current from its lowest to the operating one, never by a step that could lift the light above the cap.

    Above threshold the power of a laser grows at most in proportion, so no step adds more than the largest so far.
    """
    attenuation_db = float(await alice.attenuator.device.read("attenuation_db"))
    lowest_a = max(0.0, alice.source.device.limits("current_a").minimum)
    now_e6 = rise_e6 = 0.0
    for step in range(_STEPS + 1):
        if now_e6 + rise_e6 > order.cap_e6:
            raise NotReadyError(
                f"{order.link}: with {alice.attenuator.device.name} at {attenuation_db:g} dB the fibre would get more "
                f"than {order.cap_e6 / 1e6:g} photons per pulse. It needs a shutter, or more fixed loss"
            )
        current_a = lowest_a + (order.operating_current_a - lowest_a) * step / _STEPS
        await writer.set(alice.source, "current_a", current_a)
        if step == 0:
            await writer.set(alice.source, "emission_enabled", True)
        tap_w = max(0.0, (await tap.readings(1))[0] - dark_w)
        before_e6, now_e6 = now_e6, 1e6 * order.path.mean_photon_number(tap_w, attenuation_db)
        rise_e6 = max(rise_e6, now_e6 - before_e6)


def _can_write(supervisor: Supervisor, name: str) -> bool:
    return any(attribute.name == name and attribute.writable for attribute in supervisor.device.attributes)


class _Tap:
    """The power meter before the attenuator."""

    def __init__(self, meter: Device, order: CalibrationOrder, clock: Clock) -> None:
        self.meter = meter
        self._order = order
        self._clock = clock

    async def readings(self, samples: int) -> list[float]:
        """Readings in watts, each an interval after the one before it."""
        readings = []
        for _ in range(samples):
            await self._clock.sleep(self._order.interval_s)
            readings.append(float(await self.meter.read("power_w")))
        return readings

    async def settled(self) -> None:
        """Wait until the laser's temperature has settled: two windows that agree, or the patience is over."""
        before = statistics.fmean(await self.readings(_WINDOW))
        deadline = self._clock.monotonic() + _SETTLE_S
        while self._clock.monotonic() < deadline:
            await self._clock.sleep(_SETTLE_S / 50)
            now = statistics.fmean(await self.readings(_WINDOW))
            if abs(now - before) <= _STEADY * abs(now):
                return
            before = now
