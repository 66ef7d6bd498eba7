"""The attenuator as a frappy module; the configuration that `with_frappy` writes names these classes."""

from itertools import cycle

from frappy.core import BoolType, FloatRange, HasIO, Parameter, Readable, StringIO, nopoll

from tests.bench.queries import FAST, SLOW, Queries
from tests.bench.worker import Stopwatch


class AttenuatorIO(StringIO):
    """The line to one instrument."""

    end_of_line = "\n"
    identification = [("*IDN?", r"Keysight Technologies,N77")]  # noqa: RUF012 - a property of frappy


class Attenuator(HasIO, Readable):
    """One instrument; `watch` times its polls. `doPoll` reads what is fast, and the slow parameters in turn."""

    ioClass = AttenuatorIO  # noqa: N815 - named by frappy
    value = Parameter("attenuation", FloatRange(0, 45, unit="dB"))
    shutter_open = Parameter("light passes", BoolType())
    speed_db_per_s = Parameter("speed of the attenuator", FloatRange(unit="dB/s"))
    wavelength_nm = Parameter("wavelength of calibration", FloatRange(unit="nm"))
    offset_db = Parameter("offset of the attenuation", FloatRange(unit="dB"))
    power_control = Parameter("holds the output power", BoolType())
    output_power_w = Parameter("power at the monitor diode", FloatRange(unit="W"))
    averaging_time_s = Parameter("averaging of the monitor diode", FloatRange(unit="s"))

    def earlyInit(self) -> None:  # noqa: N802 - named by frappy
        """Before anything is polled."""
        super().earlyInit()
        self.watch = Stopwatch()
        self._slow = cycle([getattr(self, f"read_{name}") for name in SLOW])

    def doPoll(self) -> None:  # noqa: N802 - named by frappy
        """One cycle."""
        self.watch.start()
        self.read_value()
        self.watch.lap()
        self.read_shutter_open()
        self.watch.lap()
        next(self._slow)()
        self.watch.lap()

    def _ask(self, queries: Queries) -> float:
        value, *_ = [float(self.communicate(query)) for query in queries]
        return value

    @nopoll
    def read_value(self) -> float:
        """Ask for the attenuation."""
        return self._ask(FAST["attenuation_db"])

    @nopoll
    def read_shutter_open(self) -> bool:
        """Ask for the shutter."""
        return self._ask(FAST["shutter_open"]) == 1

    @nopoll
    def read_speed_db_per_s(self) -> float:
        """Ask for the speed."""
        return self._ask(SLOW["speed_db_per_s"])

    @nopoll
    def read_wavelength_nm(self) -> float:
        """Ask for the wavelength, which comes in metres."""
        return self._ask(SLOW["wavelength_nm"]) * 1e9

    @nopoll
    def read_offset_db(self) -> float:
        """Ask for the offset."""
        return self._ask(SLOW["offset_db"])

    @nopoll
    def read_power_control(self) -> bool:
        """Ask for the power control."""
        return self._ask(SLOW["power_control"]) == 1

    @nopoll
    def read_output_power_w(self) -> float:
        """Ask for the output power."""
        return self._ask(SLOW["output_power_w"])

    @nopoll
    def read_averaging_time_s(self) -> float:
        """Ask for the averaging time."""
        return self._ask(SLOW["averaging_time_s"])
