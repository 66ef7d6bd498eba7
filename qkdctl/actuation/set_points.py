"""What the instruments of a running link stand at, computed before anything is written."""

from dataclasses import dataclass
from typing import TypeAlias

from qkdctl.actuation.calibration import CalibrationRecord
from qkdctl.actuation.roles import AliceEnd, LinkRoles
from qkdctl.devices.attributes import Value

SetPoints: TypeAlias = dict[tuple[str, str], Value]


@dataclass(frozen=True, slots=True)
class Operation:
    """What a running link shall do.

    Attributes:
        mean_photon_number_e6: signal intensity at the fibre input, 1e-6 photons per pulse.
        protocol: to run on the engines.
        switch_connections: what the optical switch must connect; "" where the link has none.
    """

    mean_photon_number_e6: int
    protocol: str
    switch_connections: str = ""


def running_set_points(
    roles: LinkRoles, calibration: CalibrationRecord | None, operation: Operation, cap_e6: int
) -> SetPoints:
    """Set-points of the instruments at the ends that stand here.

    Where both ends stand here, the engines are told the intensity that is really set, so that the key analysis assumes
    neither more nor less. Otherwise the engines of both nodes are told what was agreed, since only one of them knows
    what is set. Alice then sets no more than that, and no more than her calibration allows under the cap: more loss
    than the analysis knows of is safe, since it may be put down to the fibre.

    Args:
        roles: of the link.
        calibration: of the link; None at Bob's end alone.
        operation: what it shall do.
        cap_e6: mean photon number that must never be exceeded, 1e-6 photons per pulse.

    Raises:
        OutOfRangeError: a set-point is outside the limits of its instrument.
        ValueError: the mean photon number is not positive.
    """
    set_points: SetPoints = {}
    told_e6 = operation.mean_photon_number_e6
    if told_e6 <= 0:
        raise ValueError(f"mean photon number {told_e6}e-6 cannot be set; expected a positive number")
    if roles.alice is not None:
        assert calibration is not None, "whoever has the light has calibrated it"
        light_e6 = told_e6 if roles.whole else min(told_e6, calibration.highest_command_e6(cap_e6))
        attenuator = roles.alice.attenuator.device
        resolution_db = attenuator.attribute("attenuation_db").resolution
        attenuation_db = calibration.attenuation_db_for(light_e6 / 1e6, resolution_db)
        set_points |= _light(roles.alice, calibration, operation, attenuation_db)
        if roles.whole:
            told_e6 = int(calibration.mean_photon_number(attenuation_db) * 1e6)
    for engine in roles.engines():
        set_points[engine.device.name, "protocol"] = operation.protocol
        set_points[engine.device.name, "mean_photon_number_e6"] = told_e6
        set_points[engine.device.name, "running"] = True
    _check(roles, set_points)
    return set_points


def _light(alice: AliceEnd, calibration: CalibrationRecord, operation: Operation, attenuation_db: float) -> SetPoints:
    """Source, attenuator, power meter and switch.

    The attenuator is told the wavelength, by which it attenuates, and to move by itself in no way.
    """
    set_points: SetPoints = {}
    attenuator, source = alice.attenuator.device, alice.source.device
    features = {attribute.name for attribute in attenuator.attributes if attribute.writable}
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
    if alice.power_meter is not None:
        set_points[alice.power_meter.device.name, "wavelength_nm"] = calibration.path.wavelength_nm
    if alice.switch is not None and operation.switch_connections:
        set_points[alice.switch.device.name, "connections"] = operation.switch_connections
    return set_points


def _check(roles: LinkRoles, set_points: SetPoints) -> None:
    devices = {supervisor.device.name: supervisor.device for supervisor in roles.all()}
    for (device, attribute), value in set_points.items():
        devices[device].check(attribute, value)
