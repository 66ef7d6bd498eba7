"""What is done to one link, and what it shall run: each operation commits its set-points, then moves instruments."""

from dataclasses import replace

from qkdctl.actuation.calibrate import CalibrationOrder, calibrate
from qkdctl.actuation.calibration import CalibrationRecord
from qkdctl.actuation.realign import AXES, realign
from qkdctl.actuation.roles import LinkRoles
from qkdctl.actuation.sequence import BrighterError, change_power, establish
from qkdctl.actuation.set_points import Operation, SetPoints, running_set_points
from qkdctl.actuation.writer import Writer
from qkdctl.clock import Clock
from qkdctl.control.alarms import Alarms
from qkdctl.control.journal import Journal
from qkdctl.control.link_settings import Light, LinkSettings
from qkdctl.control.stage import Stage

_LONGEST_PAUSE_EPOCHS = 32


class Operations:
    """The operations of one link.

    Args:
        name: of the link.
        settings, roles: see there.
        journal, alarms, clock: of the node.

    Attributes:
        stage: where they take place.
        operation: what the link runs, or shall run when it comes up.
        calibration: None until one was made or loaded.
        outdated: the laser was seen brighter than calibrated; the link must be calibrated before it comes up.
        realigns: re-alignments that ended since the counter was last taken.
        pause_epochs: epochs until a link that failed is tried again.
    """

    def __init__(
        self, name: str, settings: LinkSettings, roles: LinkRoles, journal: Journal, alarms: Alarms, clock: Clock
    ) -> None:
        self.stage = Stage(name, roles, journal, alarms, clock, self._ended)
        self.operation = settings.initial
        self.calibration: CalibrationRecord | None = None
        self.outdated = False
        self.realigns = 0
        self.pause_epochs = 0
        self._name = name
        self._settings = settings
        self._roles = roles
        self._journal = journal
        self._alarms = alarms
        self._clock = clock
        self._failures = 0

    def set_points(self, operation: Operation) -> SetPoints:
        """What the instruments stand at when the link runs so.

        Raises:
            OutOfRangeError: an instrument's limit forbids it.
            ValueError: the mean photon number is not positive.
        """
        assert self.calibration is not None
        return running_set_points(self._roles, self.calibration, operation)

    async def come_up(self, writer: Writer) -> None:
        """Bring the dark link up, at no more than its cap allows in view of the calibration's uncertainty."""
        assert self.calibration is not None
        highest_e6 = self.calibration.highest_command_e6(self._settings.cap_e6)
        if self.operation.mean_photon_number_e6 > highest_e6:
            self.operation = replace(self.operation, mean_photon_number_e6=highest_e6)
        set_points = self.set_points(self.operation) | self._polarization()
        await self._journal.append(
            "outcome",
            {
                "link": self._name,
                "establish": "yes",
                "mean_photon_number_e6": self.operation.mean_photon_number_e6,
                "protocol": self.operation.protocol,
            },
            set_points,
        )
        writer.check()
        self.stage.light = Light.RISING
        await establish(self._roles, set_points, self.calibration, writer, self._clock)
        writer.check()
        self.stage.light = Light.ON

    async def change(self, operation: Operation, set_points: SetPoints, writer: Writer) -> None:
        """Move a running link to set-points that are committed already."""
        self.operation = operation
        await change_power(self._roles, set_points, writer)

    async def realign(self, writer: Writer) -> None:
        """Re-align a running link.

        While it lasts the engines are committed as stopped: whoever finds them in the middle of it after a crash takes
        over no link that makes no key.
        """
        engines = (self._roles.engine_alice.device.name, self._roles.engine_bob.device.name)
        await self._journal.append(
            "outcome", {"link": self._name, "realign": "begun"}, {(name, "running"): False for name in engines}
        )
        result = await realign(
            self._roles, writer, pulses=self._settings.alignment_pulses, enough_ppm=self._settings.aligned_qber_ppm
        )
        assert self._roles.polarization_controller is not None
        device = self._roles.polarization_controller.device.name
        voltages: SetPoints = dict(zip(((device, axis) for axis in AXES), result.voltages_mv, strict=True))
        await self._journal.append(
            "outcome",
            {
                "link": self._name,
                "realign": "done",
                "qber_before_ppm": result.first_qber_ppm,
                "qber_after_ppm": result.qber_ppm,
                "measurements": result.measurements,
            },
            voltages | {(name, "running"): True for name in engines},
        )
        self.realigns += 1

    async def calibrate(self, who: str, writer: Writer) -> None:
        """Measure a new record of the dark link, and use it from now on."""
        record = await self._measured(writer)
        await self._journal.keep_calibration(record, who)
        self.calibration = record
        self.outdated = False

    async def recalibrate(self, writer: Writer) -> None:
        """After the laser was seen brighter than calibrated: a new record, but never one that lets out more light.

        A tap that sees less than before may be a tap that has come loose; only people can tell.
        """
        record = await self._measured(writer)
        if self.calibration is None or record.tap_power_w > self.calibration.tap_power_w:
            await self._journal.keep_calibration(record, "power-deviation")
            self.calibration = record
        self.outdated = False

    async def _measured(self, writer: Writer) -> CalibrationRecord:
        settings = self._settings
        order = CalibrationOrder(self._name, settings.path, settings.operating_current_a, settings.cap_e6)
        self.stage.light = Light.RISING
        record = await calibrate(self._roles, order, writer, self._clock)
        self.stage.go_dark_within("calibration is over")
        await self.stage.darkness.shown()
        return record

    def _polarization(self) -> SetPoints:
        """The voltages last committed, so that a controller that was switched off gets them back."""
        if self._roles.polarization_controller is None:
            return {}
        device = self._roles.polarization_controller.device
        return {(device.name, name): value for name, value in self._journal.committed(device.name).items()}

    def _ended(self, error: Exception | None) -> None:
        """What an operation came to: after failures the link is tried less and less often."""
        if error is None:
            self._failures = 0
            self._alarms.clear("link-operation-failed", self._name)
            return
        self.outdated = self.outdated or isinstance(error, BrighterError)
        self._failures += 1
        self.pause_epochs = min(_LONGEST_PAUSE_EPOCHS, 2**self._failures)
        text = f"{str(error) or repr(error)}; dark now, next try in {self.pause_epochs} epochs"
        self._alarms.raise_("link-operation-failed", self._name, text)
