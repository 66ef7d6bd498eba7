"""[devices.<name>]: one instrument, or one channel of it."""

import math
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from qkdctl.config.addresses import check_address
from qkdctl.config.types import Derived, Expected, Section
from qkdctl.devices.attributes import Limits


class LimitSection(Section):
    """Narrower limits for one attribute, in its unit; what the driver declares always holds as well."""

    minimum: float | None = Field(default=None, description="smallest value that may be set")
    maximum: float | None = Field(default=None, description="largest value that may be set")
    maximum_step: float | None = Field(default=None, gt=0, description="largest change in one write")

    def to_limits(self) -> Limits:
        """The same as the device layer has it."""
        return Limits(
            -math.inf if self.minimum is None else self.minimum,
            math.inf if self.maximum is None else self.maximum,
            math.inf if self.maximum_step is None else self.maximum_step,
        )


class DeviceSection(Section):
    """One instrument, or one channel of it."""

    driver: str = Field(description="registered driver", examples=["keysight-n776x"])
    address: Annotated[str, AfterValidator(check_address), Expected("an address in quotes")] = Field(
        description="where the instrument answers", examples=["TCPIP::192.0.2.10::5025::SOCKET"]
    )
    on_start: Literal["error", "retry", "ignore"] = Field(
        default="retry",
        description="when it does not answer at start: stop the daemon, keep trying, or run without it until it is "
        "reconnected by hand",
    )
    poll_s: float = Field(default=1.0, ge=0.02, le=3600, description="seconds between polls")
    poll_offset_s: Annotated[float, Derived("a share of poll_s that follows from the name")] = Field(
        default=0.0, ge=0, le=3600, description="shift of the polls in seconds, so that not all devices poll at once"
    )
    timeout_s: float = Field(default=2.0, ge=0.01, le=300, description="deadline of one exchange in seconds")
    serial_number: str | None = Field(
        default=None, min_length=1, description="refuse any other instrument that answers there", examples=["M00123456"]
    )
    # What `load` returns has passed the driver's own `Options` model and holds its defaults too.
    options: Mapping[str, Any] = Field(default_factory=dict, description="options of the driver")
    limits: Mapping[str, LimitSection] = Field(
        default_factory=dict, description="narrower limits, by attribute of the device"
    )
