"""What is done to one link, and what it shall run: each operation commits its set-points, then moves instruments."""

from dataclasses import replace

from qkdctl.actuation.alignment import SearchResult
from qkdctl.actuation.calibrate import CalibrationOrder, calibrate
from qkdctl.actuation.calibration import CalibrationRecord
from qkdctl.actuation.meeting import Patience, PeerAbsentError
from qkdctl.actuation.realign import AXES, RealignOrder, realign
from qkdctl.actuation.roles import LinkRoles, sending_end
from qkdctl.actuation.sequence import BrighterError, change_power, establish
from qkdctl.actuation.set_points import Operation, SetPoints, running_set_points
from qkdctl.actuation.writer import Writer
from qkdctl.clock import Clock
from qkdctl.control.alarms import Alarms
from qkdctl.control.journal import Journal
from qkdctl.control.link_settings import Light, LinkSettings
from qkdctl.control.stage import Stage
from qkdctl.records.encoding import Canonical

MEETING_S = 5.0
"""How long a plan to re-align waits for the other node, which has it at about the same time."""
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
        given_up: why the last re-alignment did not take place; "" when it did.
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
        self.given_up = ""
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
        return running_set_points(self._roles, self.calibration, operation, self._settings.cap_e6)

    async def come_up(self, writer: Writer) -> None:
        """Bring the dark link up, at no more than its cap allows in view of the calibration's uncertainty."""
        if self._roles.whole:
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

    async def realign(self, writer: Writer, *, meeting_s: float = MEETING_S) -> None:
        """Re-align a running link.

        While it lasts the engines are committed as stopped: whoever finds them in the middle of it after a crash takes
        over no link that makes no key. Another node that does not do its part costs its time, and nothing else.

        Args:
            writer: of the operation.
            meeting_s: how long to wait for the other node's engine, where there is one.
        """
        engines = [engine.device.name for engine in self._roles.engines()]
        await self._journal.append(
            "outcome", {"link": self._name, "realign": "begun"}, {(name, "running"): False for name in engines}
        )
        settings = self._settings
        patience = Patience(meeting_s, settings.realign_limit_s)
        order = RealignOrder(settings.alignment_pulses, settings.aligned_qber_ppm, patience)
        set_points: SetPoints = {(name, "running"): True for name in engines}
        try:
            result = await realign(self._roles, writer, order, self._clock)
        except PeerAbsentError as error:
            self.given_up = str(error)
            payload = {"link": self._name, "realign": "given up", "why": self.given_up}
            await self._journal.append("outcome", payload, set_points)
            self._alarms.raise_("realigned-alone", self._name, self.given_up)
            return
        found: dict[str, Canonical] = {}
        if result is not None:
            found, voltages = self._found(result)
            set_points |= voltages
        await self._journal.append("outcome", {"link": self._name, "realign": "done"} | found, set_points)
        self._alarms.clear("realigned-alone", self._name)
        self.given_up = ""
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

    def _found(self, result: SearchResult) -> tuple[dict[str, Canonical], SetPoints]:
        """What a search found, for the ledger, and where the controller stands now."""
        assert self._roles.bob is not None, "only Bob's end searches"
        assert self._roles.bob.polarization_controller is not None, "by its polarisation controller"
        device = self._roles.bob.polarization_controller.device.name
        found: dict[str, Canonical] = {
            "qber_before_ppm": result.first_qber_ppm,
            "qber_after_ppm": result.qber_ppm,
            "measurements": result.measurements,
        }
        return found, dict(zip(((device, axis) for axis in AXES), result.voltages_mv, strict=True))

    async def _measured(self, writer: Writer) -> CalibrationRecord:
        settings = self._settings
        order = CalibrationOrder(self._name, settings.path, settings.operating_current_a, settings.cap_e6)
        self.stage.light = Light.RISING
        record = await calibrate(sending_end(self._roles, "calibration"), order, writer, self._clock)
        self.stage.go_dark_within("calibration is over")
        await self.stage.darkness.shown()
        return record

    def _polarization(self) -> SetPoints:
        """The voltages last committed, so that a controller that was switched off gets them back."""
        if self._roles.bob is None or self._roles.bob.polarization_controller is None:
            return {}
        device = self._roles.bob.polarization_controller.device
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
