"""Polatis optical matrix switches (SCPI command reference, subsystem OXC).

Ports are numbered through: inputs from 1, outputs after them. Sets give no reply. An input or output that is already
connected is taken from its partner by a new connection.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

from hil_sim.endpoints.base import Conversation, Reply
from hil_sim.instruments.model import SimulatorModel, Surroundings
from hil_sim.scpi.command import Command
from hil_sim.scpi.errors import ScpiError
from hil_sim.scpi.instrument import ScpiInstrument
from hil_sim.scpi.values import Choice, Integer, Raw
from hil_sim.trace import Trace, no_trace
from qkdctl.clock import Clock

SWITCHING_S = 0.02
_LISTS = re.compile(r"\(@([\d,:\s]*)\)\s*,\s*\(@([\d,:\s]*)\)")
_PORTS = re.compile(r"(\d{1,5})(?::(\d{1,5}))?")
_LONGEST_LIST = 4096


class SwitchedPath(Protocol):
    """The light path through the switch."""

    def set_switch_connected(self, connected: bool) -> None:
        """Join the path or leave it dark."""


@dataclass(frozen=True, slots=True)
class PolatisUnit:
    """One unit as delivered.

    Attributes:
        product: as `*IDN?` shows it.
        serial_number: likewise.
        inputs, outputs: number of ports; outputs are numbered after the inputs.
        path: input and output between which the link's light passes; the first ones by default.
        boot_mode: `DARK` starts without connections, `REST` and `AUT` with those before power was lost.
        least_gap_s: a message that comes sooner after the last one is lost; 0 loses none.
    """

    product: str = "N-VST-16x16-LU1-DMHNS"
    serial_number: str = "000001"
    inputs: int = 16
    outputs: int = 16
    path: tuple[int, int] | None = None
    boot_mode: str = "DARK"
    least_gap_s: float = 0.0

    def __post_init__(self) -> None:
        if self.inputs < 1 or self.outputs < 1:
            raise ValueError("a switch has at least one input and one output")
        if not (1 <= self.light_path[0] <= self.inputs < self.light_path[1] <= self.inputs + self.outputs):
            raise ValueError(
                f"path must be an input of 1..{self.inputs} and an output of "
                f"{self.inputs + 1}..{self.inputs + self.outputs}, got {self.light_path}"
            )
        if self.boot_mode not in {"DARK", "REST", "AUT"}:
            raise ValueError(f"boot_mode must be DARK, REST or AUT, got '{self.boot_mode}'")

    @property
    def light_path(self) -> tuple[int, int]:
        """Input and output of the link's light."""
        return self.path or (1, self.inputs + 1)


class Polatis(ScpiInstrument):
    """Connections and commands of one switch."""

    def __init__(
        self,
        clock: Clock,
        unit: PolatisUnit | None = None,
        *,
        path: SwitchedPath | None = None,
        trace: Trace = no_trace,
        terminator: str = "\r\n",
    ) -> None:
        """Switch on without connections; replies end with CR LF on a network and CR on a serial line."""
        self.unit = unit or PolatisUnit()
        self.connections: dict[int, int] = {}
        self._path = path
        self._trace = trace
        self._boot_mode = self.unit.boot_mode
        self._settled_at_s = clock.monotonic()
        identity = f"Polatis,{self.unit.product},{self.unit.serial_number},6.7.1.2"
        super().__init__(clock, identity, terminator=terminator)
        self._connect({})

    def converse(self) -> Conversation:
        """A conversation that loses messages which come too soon."""
        return _PacedConversation(super().converse(), self._clock, self.unit.least_gap_s)

    def commands(self) -> Sequence[Command]:
        """The OXC subsystem."""
        connect = "OXC:SWITch:CONNect"
        lists = Raw()
        ports = Integer(1, self.unit.inputs + self.unit.outputs)
        return (
            Command(f"{connect}:ADD", lists, set=lambda text: self._connect(self.connections, self._pairs(text))),
            Command(f"{connect}:ONLY", lists, set=lambda text: self._connect({}, self._pairs(text))),
            Command(f"{connect}:SUB", lists, set=lambda text: self._disconnect(self._pairs(text))),
            Command(f"{connect}:STATe", get=self.state),
            Command(f"{connect}:PORT", get=self.partner, ask=ports),
            Command("OXC:SWITch:DISConnect:ALL", set=lambda: self._connect({})),
            Command("OXC:SWITch:SIZE", get=lambda: f"{self.unit.inputs},{self.unit.outputs}"),
            Command(
                "OXC:BOOT:MODE",
                Choice("DARK", "RESTore", "AUTo"),
                get=lambda: self._boot_mode,
                set=lambda mode: setattr(self, "_boot_mode", mode),
            ),
        )

    def reset(self) -> None:
        """As at power-on."""
        if self._boot_mode == "DARK":
            self._connect({})

    def state(self) -> str:
        """Both lists of ports, by input."""
        pairs = sorted(self.connections.items())
        return f"(@{','.join(str(i) for i, _ in pairs)}),(@{','.join(str(o) for _, o in pairs)})"

    def partner(self, port: int) -> int:
        """The port that a port is connected to; 0 for none."""
        return self.connections.get(port, {o: i for i, o in self.connections.items()}.get(port, 0))

    def pending_s(self) -> float:
        """Until the beams have been steered."""
        return max(self._settled_at_s - self.now(), 0.0)

    def _connect(self, kept: Mapping[int, int], added: Mapping[int, int] = MappingProxyType({})) -> None:
        """Connect `added` beside what is left of `kept`."""
        taken = set(added.values())
        free = {i: o for i, o in kept.items() if i not in added and o not in taken}
        self.connections = {**free, **added}
        self._settled_at_s = self.now() + SWITCHING_S
        self._trace("connections", ",".join(f"{i}>{o}" for i, o in sorted(self.connections.items())))
        if self._path is not None:
            first, last = self.unit.light_path
            self._path.set_switch_connected(self.connections.get(first) == last)

    def _disconnect(self, pairs: Mapping[int, int]) -> None:
        if any(self.connections.get(i) != o for i, o in pairs.items()):
            raise ScpiError(-221)
        self._connect({i: o for i, o in self.connections.items() if i not in pairs})

    def _pairs(self, text: str) -> dict[int, int]:
        """Connections written as two lists of ports."""
        match = _LISTS.fullmatch(text)
        if match is None:
            raise ScpiError(-104)
        inputs, outputs = _ports(match[1]), _ports(match[2])
        first_output = self.unit.inputs + 1
        in_range = all(1 <= i < first_output for i in inputs) and all(
            first_output <= o < first_output + self.unit.outputs for o in outputs
        )
        if not in_range:
            raise ScpiError(-222)
        if len(inputs) != len(outputs) or len(set(inputs)) < len(inputs) or len(set(outputs)) < len(outputs):
            raise ScpiError(-220)
        return dict(zip(inputs, outputs, strict=True))


class _PacedConversation(Conversation):
    """Loses what comes sooner than some seconds after the message before."""

    def __init__(self, inner: Conversation, clock: Clock, least_gap_s: float) -> None:
        self._inner = inner
        self._clock = clock
        self._least_gap_s = least_gap_s
        self._ready_at_s = clock.monotonic()

    def received(self, data: bytes) -> Sequence[Reply]:
        now = self._clock.monotonic()
        if now < self._ready_at_s:
            return ()
        self._ready_at_s = now + self._least_gap_s
        return self._inner.received(data)


def _ports(text: str) -> list[int]:
    """Ports of a list, `1,3:5` meaning 1, 3, 4 and 5."""
    ports: list[int] = []
    for item in filter(None, (part.strip() for part in text.split(","))):
        match = _PORTS.fullmatch(item)
        if match is None:
            raise ScpiError(-104)
        first = int(match[1])
        last = int(match[2] or first)
        if last - first > _LONGEST_LIST:
            raise ScpiError(-222)
        ports.extend(range(first, last + 1))
    return ports


def _build(around: Surroundings) -> Polatis:
    terminator = "\r" if around.transport == "pty" else "\r\n"
    return Polatis(around.clock, around.unit, path=around.link, trace=around.trace, terminator=terminator)


MODEL = SimulatorModel(
    name="polatis",
    title="Polatis optical matrix switch",
    build=_build,
    unit=PolatisUnit,
    transports=("tcp", "pty"),
    baud=38400,
    usb_name="FTDI_Polatis",
)
