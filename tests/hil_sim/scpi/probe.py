"""An instrument made to test the grammar."""

from collections.abc import Sequence

from hil_sim.scpi.command import Command
from hil_sim.scpi.errors import ScpiError
from hil_sim.scpi.instrument import ScpiInstrument
from hil_sim.scpi.values import Boolean, Choice, Integer, Number, Raw
from qkdctl.clock import Clock


class Probe(ScpiInstrument):
    """Two channels with a level, work that takes time, and one setting of each kind."""

    def __init__(self, clock: Clock, *, queue_depth: int = 3) -> None:
        self.levels = {1: 0.0, 2: 0.0}
        self.busy_until_s = 0.0
        self.condition = 0
        self.values: dict[str, object] = {"on": False, "mode": "CURR", "count": 1, "text": "", "length": 1e-6}
        super().__init__(clock, "Maker,Probe,0001,1.0", queue_depth=queue_depth)

    def commands(self) -> Sequence[Command]:
        level = Number("dB", 0.0, lambda channel: 10.0 * channel, default=1.0)
        return (
            Command("INPut#:ATTenuation[:LEVel]", level, get=self.level, set=self.set_level),
            Command("INPut#:STATe", Boolean(), get=lambda _: self.values["on"], set=lambda _, v: self.put("on", v)),
            Command("SOURce2:MODE", Choice("CURRent", "POWer"), get=lambda: self.values["mode"], set=self.set_mode),
            Command("SOURce2:NUMBered", Choice("ZERO", "ONE", numbered=True), get=lambda: "ONE", set=self.set_mode),
            Command("COUNt", Integer(1, 9), get=lambda: self.values["count"], set=lambda v: self.put("count", v)),
            Command("LENGth", Number("m", 1e-9, 1e-3), get=lambda: self.values["length"], set=self.set_length),
            Command("LISTs", Raw(), set=lambda text: self.put("text", text)),
            Command("PARTner", get=lambda port: port + 1, ask=Integer(1, 4)),
            Command("WORK", set=self.work),
            Command("BROKen", set=self.fail, get=self.fail),
        )

    def reset(self) -> None:
        self.levels = {1: 0.0, 2: 0.0}

    def pending_s(self) -> float:
        return max(self.busy_until_s - self.now(), 0.0)

    def operation_condition(self) -> int:
        return self.condition | (1 if self.pending_s() else 0)

    def level(self, channel: int) -> float:
        return self._checked(channel)

    def set_level(self, channel: int, value: float) -> None:
        self._checked(channel)
        self.levels[channel] = value

    def put(self, name: str, value: object) -> None:
        self.values[name] = value

    def set_mode(self, mode: str) -> None:
        self.values["mode"] = mode

    def set_length(self, value: float) -> None:
        self.values["length"] = value

    def work(self) -> None:
        self.busy_until_s = self.now() + 2.0

    def fail(self) -> None:
        raise ScpiError(-240)

    def _checked(self, channel: int) -> float:
        if channel not in self.levels:
            raise ScpiError(-114)
        return self.levels[channel]
