"""What the instruments of a running link stand at, computed before anything is written."""

from dataclasses import dataclass
from typing import TypeAlias

from qkdctl.actuation.calibration import CalibrationRecord
from qkdctl.actuation.roles import LinkRoles
from qkdctl.devices.attributes import Value

SetPoints: TypeAlias = dict[tuple[str, str], Value]


@dataclass(frozen=True, slots=True)
class Operation:
    """What a running link shall do.

    Attributes:
        mean_photon_number_e6: signal intensity at the fibre input, 1e-6 photons per pulse.
        protocol: to run on both engines.
        switch_connections: what the optical switch must connect; "" where the link has none.
    """

    mean_photon_number_e6: int
    protocol: str
    switch_connections: str = ""


def running_set_points(roles: LinkRoles, calibration: CalibrationRecord, operation: Operation) -> SetPoints:
    """Set-points of source, attenuator, power meter, switch and engines for this operation.

    The attenuator is told the wavelength, by which it attenuates, and to move by itself in no way. The attenuation is
    rounded towards less power, and the engines are told the intensity that is really set, so that the key analysis
    assumes neither more nor less.

    Raises:
        OutOfRangeError: a set-point is outside the limits of its instrument.
        ValueError: the mean photon number is not positive.
    """
    attenuator = roles.attenuator.device
    features = {attribute.name for attribute in attenuator.attributes if attribute.writable}
    resolution_db = attenuator.attribute("attenuation_db").resolution
    attenuation_db = calibration.attenuation_db_for(operation.mean_photon_number_e6 / 1e6, resolution_db)
    set_points: SetPoints = {}
    source = roles.source.device
    declared = {attribute.name for attribute in source.attributes}
    if "temperature_control_enabled" in declared:
        set_points[source.name, "temperature_control_enabled"] = True
    set_points[source.name, "current_a"] = calibration.operating_current_a
    set_points[source.name, "emission_enabled"] = True
    set_points[attenuator.name, "attenuation_db"] = attenuation_db
    if "shutter_open" in features:
        set_points[attenuator.name, "shutter_open"] = True
    if "wavelength_nm" in features:
        set_points[attenuator.name, "wavelength_nm"] = calibration.path.wavelength_nm
    if "power_control" in features:
        set_points[attenuator.name, "power_control"] = False
    if roles.power_meter is not None:
        set_points[roles.power_meter.device.name, "wavelength_nm"] = calibration.path.wavelength_nm
    if roles.switch is not None and operation.switch_connections:
        set_points[roles.switch.device.name, "connections"] = operation.switch_connections
    actual_e6 = int(calibration.mean_photon_number(attenuation_db) * 1e6)
    for engine in (roles.engine_alice, roles.engine_bob):
        set_points[engine.device.name, "protocol"] = operation.protocol
        set_points[engine.device.name, "mean_photon_number_e6"] = actual_e6
        set_points[engine.device.name, "running"] = True
    _check(roles, set_points)
    return set_points


def _check(roles: LinkRoles, set_points: SetPoints) -> None:
    devices = {supervisor.device.name: supervisor.device for supervisor in roles.all()}
    for (device, attribute), value in set_points.items():
        devices[device].check(attribute, value)
