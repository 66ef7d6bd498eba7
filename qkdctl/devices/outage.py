"""What is known of a device's failures: how many in a row, and what of them the log has been told."""

import logging
from enum import Enum

import structlog

from qkdctl.devices.errors import DeviceError, TransportError

log = structlog.get_logger(__name__)


class _Logged(Enum):
    NOTHING = 0
    FAILURE = 1
    FAULT = 2


class Outage:
    """Logs the first failure of an outage, the first fault, and the end; never a repetition.

    Attributes:
        unanswered: exchanges in a row that did not get through.
        last_error: the latest failure; "" when there is no outage.
    """

    def __init__(self, device: str, address: str) -> None:
        self._device = device
        self._address = address
        self._logged = _Logged.NOTHING
        self.unanswered = 0
        self.last_error = ""

    def failed(self, error: Exception, *, fault: bool = False) -> None:
        """Take note of a failure; `fault` when somebody has to look."""
        if isinstance(error, TransportError):
            self.unanswered += 1
        expected = isinstance(error, DeviceError)
        self.last_error = str(error) if expected else f"driver raised {error!r}; this is a defect of the driver"
        severity = _Logged.FAULT if fault else _Logged.FAILURE
        if severity.value <= self._logged.value:
            return
        self._logged = severity
        log.log(
            logging.ERROR if fault else logging.WARNING,
            "device fault" if fault else "device failing",
            device=self._device,
            address=self._address,
            error=self.last_error,
            exc_info=None if expected else error,
        )

    def answered(self) -> None:
        """An exchange got through."""
        self.unanswered = 0

    def over(self, adoption: str) -> None:
        """All is well, whether or not it was before; `adoption` tells what the device was found to be."""
        if self._logged is not _Logged.NOTHING:
            self._logged = _Logged.NOTHING
            log.info("device back", device=self._device, adoption=adoption)
        self.last_error = ""
