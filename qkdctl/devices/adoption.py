"""What to do with an instrument that has just been found: take it as it stands, or make it dark."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum

from qkdctl.devices.attributes import Value
from qkdctl.devices.device import Device
from qkdctl.devices.errors import ConnectionLostError, OutOfRangeError, UnsafeError


class Adoption(Enum):
    """Outcome: set-points taken over without writing, already dark, made dark, or nothing to decide."""

    ADOPTED = "adopted"
    ALREADY_SAFE = "already safe"
    MADE_SAFE = "made safe"
    NEUTRAL = "neutral"


@dataclass(frozen=True, slots=True)
class AdoptionReport:
    """What was found and done.

    Attributes:
        outcome: see Adoption.
        read_back: attribute -> value found, before anything was written.
        differences: attribute -> (committed, found) where they disagree.
    """

    outcome: Adoption
    read_back: Mapping[str, Value]
    differences: Mapping[str, tuple[Value, Value]]


async def adopt_or_make_safe(device: Device, committed: Mapping[str, Value]) -> AdoptionReport:
    """Compare a device with the last committed set-points; go safe unless all of them stand and are within limits.

    Light that nobody committed is not adopted: where nothing is committed for the attribute whose safe value counts, it
    must have that value.

    Args:
        device: connected and identified.
        committed: attribute -> set-point last committed for it; empty when none ever was. Those of attributes that the
            device does not have were another's and say nothing.

    Raises:
        UnsafeError: the device had to go dark and could not be shown to be.
        DeviceError: a value could not be read; the device was told to go safe all the same.
    """
    safe_values = device.safe_values()
    known = {attribute.name for attribute in device.attributes}
    committed = {name: value for name, value in committed.items() if name in known}
    try:
        found = {name: await device.read(name) for name in dict.fromkeys([*committed, *safe_values])}
    except ConnectionLostError:
        raise
    except Exception:
        with suppress(UnsafeError):
            await device.to_safe_state()
        raise
    differences = {
        name: (value, found[name])
        for name, value in committed.items()
        if not device.attribute(name).matches(value, found[name]) or not _permitted(device, name, value)
    }
    for name, value in [*safe_values.items()][:1]:
        if committed and name not in committed and not device.attribute(name).matches(value, found[name]):
            differences[name] = (value, found[name])
    if committed and not differences:
        return AdoptionReport(Adoption.ADOPTED, found, differences)
    if not safe_values:
        return AdoptionReport(Adoption.NEUTRAL, found, differences)
    if all(device.attribute(name).matches(value, found[name]) for name, value in safe_values.items()):
        return AdoptionReport(Adoption.ALREADY_SAFE, found, differences)
    await device.to_safe_state()
    return AdoptionReport(Adoption.MADE_SAFE, found, differences)


def _permitted(device: Device, name: str, value: Value) -> bool:
    try:
        device.check(name, value)
    except OutOfRangeError:
        return False
    return True
