"""Limits in force: what a driver declares and the configuration narrows."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from qkdctl.config.catalog import DriverCatalog
from qkdctl.config.model import Config
from qkdctl.devices.attributes import Limits
from qkdctl.devices.kinds import REQUIRED_ATTRIBUTES


@dataclass(frozen=True, slots=True)
class LimitInForce:
    """The limits of one attribute of one device; an instrument may narrow them further when it connects.

    Attributes:
        is_prominent: configured, or of an attribute that every device of the kind has and the control loop sets.
    """

    device: str
    attribute: str
    unit: str
    limits: Limits
    is_prominent: bool

    def to_plain(self) -> dict[str, Any]:
        """For JSON; None where there is no limit."""
        figures = {
            "minimum": self.limits.minimum,
            "maximum": self.limits.maximum,
            "maximum_step": self.limits.maximum_step,
        }
        finite = {key: value if math.isfinite(value) else None for key, value in figures.items()}
        return {"device": self.device, "attribute": self.attribute, "unit": self.unit, **finite}


def limits_in_force(config: Config, catalog: DriverCatalog) -> Iterator[LimitInForce]:
    """The limits of all attributes that are numbers and can be written."""
    for name, device in config.devices.items():
        driver = catalog.load(device.driver)
        for attribute in driver.attributes:
            if attribute.writable and attribute.type in {int, float}:
                section = device.limits.get(attribute.name)
                limits = attribute.limits.intersect(section.to_limits()) if section else attribute.limits
                is_prominent = section is not None or attribute.name in REQUIRED_ATTRIBUTES[driver.kind]
                yield LimitInForce(name, attribute.name, attribute.unit, limits, is_prominent)
