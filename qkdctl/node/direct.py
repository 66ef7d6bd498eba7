"""Reaching instruments without a daemon: probing them, and making sources dark after a daemon has died."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any

from qkdctl.clock import Clock, RealClock
from qkdctl.config.model import Config
from qkdctl.devices.attributes import Value
from qkdctl.devices.device import Device, close_quietly
from qkdctl.devices.errors import DeviceError
from qkdctl.node.devices import build_device

_PATIENCE_S = 10.0


@dataclass(frozen=True, slots=True)
class DirectResult:
    """What came of reaching one device.

    Attributes:
        identity: its identity, "" when it did not answer.
        values: attribute -> value read.
        error: why it could not be reached or shown safe; "" when all is well.
    """

    device: str
    identity: str = ""
    values: dict[str, Value] = field(default_factory=dict)
    error: str = ""


def probe(config: Config, names: list[str] | None = None) -> list[DirectResult]:
    """Open devices, check who answers, read every attribute, close. Writes nothing.

    Args:
        config: names the devices.
        names: those to probe; all when None.
    """
    chosen = list(config.devices) if names is None else names
    return asyncio.run(_all([_probe(build_device(n, config.devices[n], RealClock())) for n in chosen]))


def safe_directly(config: Config) -> list[DirectResult]:
    """Open every source and attenuator and make it safe, shown by read-back; for use when no daemon runs."""
    clock: Clock = RealClock()
    devices = [build_device(name, section, clock) for name, section in config.devices.items()]
    return asyncio.run(_all([_make_safe(device) for device in devices if device.darkens]))


async def _all(works: list[Coroutine[Any, Any, DirectResult]]) -> list[DirectResult]:
    return list(await asyncio.gather(*works))


async def _probe(device: Device) -> DirectResult:
    values: dict[str, Value] = {}
    identity = ""
    try:
        async with asyncio.timeout(_PATIENCE_S + device.timeout_s):
            identity = (await device.connect(may_write=False)).text
            for attribute in device.attributes:
                if attribute.readable:
                    values[attribute.name] = await device.read(attribute.name)
    except Exception as error:  # noqa: BLE001 - third-party drivers may raise anything
        return DirectResult(device.name, identity, values, _why(error))
    finally:
        await close_quietly(device)
    return DirectResult(device.name, identity, values)


async def _make_safe(device: Device) -> DirectResult:
    identity = ""
    try:
        async with asyncio.timeout(_PATIENCE_S + device.timeout_s):
            identity = (await device.connect(may_write=False)).text
            report = await device.to_safe_state()
    except Exception as error:  # noqa: BLE001 - third-party drivers may raise anything
        return DirectResult(device.name, identity, error=_why(error))
    finally:
        await close_quietly(device)
    return DirectResult(device.name, identity, dict(report.read_back))


def _why(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return str(error) if isinstance(error, DeviceError) else f"driver raised {error!r}; this is a defect of the driver"
