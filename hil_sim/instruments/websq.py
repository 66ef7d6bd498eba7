"""Single Quantum WebSQ driver for superconducting nanowire detectors: a control port and a port that streams counts.

Control: JSON objects without delimiters come in; each answer is one or more JSON objects, joined, and then ETB (0x17).
A request names a label, a command sets one; what changes is broadcast to everybody, and so is an error, under a label
that contains `Error`. Counts: a line of comma-separated numbers per measurement period, ended by LF: the time in
milliseconds since 1970, then the counts of each detector.
"""

import json
from collections.abc import Callable, Sequence
from typing import Any
from weakref import WeakSet

from hil_sim.endpoints.base import Conversation, Instrument, Reply
from hil_sim.endpoints.streaming import StreamingConversation
from hil_sim.instruments.detectors_place import DetectorsPlace
from hil_sim.instruments.json_objects import JsonObjectReader, NotAnObjectError
from hil_sim.instruments.model import SimulatorModel, Surroundings
from hil_sim.instruments.websq_state import (
    MAX_TRIGGER_MV,
    PERIOD_MS,
    NanowireDriver,
    SettingRefusedError,
    WebSqUnit,
)
from hil_sim.trace import Trace, no_trace
from qkdctl.clock import Clock

ETB = b"\x17"
# How long a broadcast may wait for its time on the wire.
_BROADCAST_S = 0.02
ERROR_LABEL = "ErrorMessage"

Message = dict[str, Any]


class WebSq(Instrument):
    """The control port of one driver.

    Attributes:
        state: bias, triggers and counters.
    """

    def __init__(
        self,
        clock: Clock,
        unit: WebSqUnit | None = None,
        *,
        link: DetectorsPlace | None = None,
        trace: Trace = no_trace,
        seed: int = 0,
    ) -> None:
        """Switch on."""
        self.state = NanowireDriver(clock, unit, link=link, trace=trace, seed=seed)
        self._listeners: WeakSet[_ControlConnection] = WeakSet()

    def converse(self) -> Conversation:
        """Accept a connection to the control port."""
        connection = _ControlConnection(self)
        self._listeners.add(connection)
        return connection

    def counts_port(self) -> Instrument:
        """What answers at the port that streams counts."""
        return _CountsPort(self)

    def power_cycle(self) -> None:
        """Return to the settings of power-on."""
        self.state.switch_on()

    def settle(self) -> None:
        """Tell everybody when a search for bias currents has ended."""
        if self.state.finish_search():
            for label in ("BiasCurrent", "BiasCurrentAutoIV", "DetectorEnable", "StartAutoIV"):
                self.broadcast({"label": label, "value": label_value(self.state, label)})

    def broadcast(self, message: Message, *, but: "_ControlConnection | None" = None) -> None:
        """Send to every open connection, except to the one that gets it as an answer."""
        for listener in self._listeners:
            if listener is not but:
                listener.outbox.append(message)


class _CountsPort(Instrument):
    """The port that streams counts."""

    def __init__(self, websq: WebSq) -> None:
        self._websq = websq

    def converse(self) -> Conversation:
        return _CountsConnection(self._websq)

    def power_cycle(self) -> None:
        """Nothing beyond what the control port does; they are one instrument."""


class _CountsConnection(StreamingConversation):
    """One listener to the counts; what it sends is ignored."""

    def __init__(self, websq: WebSq) -> None:
        self._websq = websq

    def period_s(self) -> float:
        return self._websq.state.period_ms / 1000

    def tick(self) -> Sequence[Reply]:
        self._websq.settle()
        measurement = self._websq.state.measure()
        cells = (float(measurement.time_ms), *(float(count) for count in measurement.counts))
        return (Reply((",".join(f"{cell:.1f}" for cell in cells) + "\n").encode()),)

    def received(self, data: bytes) -> Sequence[Reply]:  # noqa: ARG002 -- the port only sends
        return ()


class _ControlConnection(StreamingConversation):
    """One client of the control port."""

    def __init__(self, websq: WebSq) -> None:
        self._websq = websq
        self._objects = JsonObjectReader()
        self.outbox: list[Message] = []

    def period_s(self) -> float:
        return _BROADCAST_S

    def tick(self) -> Sequence[Reply]:
        self._websq.settle()
        waiting, self.outbox = self.outbox, []
        return [_reply(message) for message in waiting]

    def received(self, data: bytes) -> Sequence[Reply]:
        return [_reply(*self._answer(message)) for message in self._objects.feed(data)]

    def _answer(self, message: Message | NotAnObjectError) -> Sequence[Message]:
        self._websq.settle()
        try:
            return self._requested_or_done(message)
        except SettingRefusedError as refusal:
            answer = {"label": ERROR_LABEL, "value": str(refusal)}
            self._websq.broadcast(answer, but=self)
            return (answer,)

    def _requested_or_done(self, message: Message | NotAnObjectError) -> Sequence[Message]:
        if isinstance(message, NotAnObjectError):
            raise SettingRefusedError(f"no JSON object: {message}")
        if "request" in message:
            return _requested(self._websq.state, message["request"])
        name = message.get("command")
        if not isinstance(name, str) or name not in _COMMANDS:
            raise SettingRefusedError(f"unknown command {name!r}; expected one of {', '.join(_COMMANDS)}")
        label, obey = _COMMANDS[name]
        if message.get("label", label) != label:
            raise SettingRefusedError(f"command {name} sets the label {label}, not {message['label']!r}")
        obey(self._websq.state, message.get("value"))
        answer = {"label": label, "value": label_value(self._websq.state, label)}
        self._websq.broadcast(answer, but=self)
        return (answer,)


def _reply(*messages: Message) -> Reply:
    return Reply("".join(json.dumps(message) for message in messages).encode() + ETB)


def _requested(state: NanowireDriver, label: object) -> Sequence[Message]:
    if label == "labelProps":
        return [{"label": name, "value": {"value": show(state), **props}} for name, (show, props) in _LABELS.items()]
    if not isinstance(label, str) or label not in _LABELS:
        raise SettingRefusedError(f"unknown label {label!r}")
    return ({"label": label, "value": label_value(state, label)},)


def label_value(state: NanowireDriver, label: str) -> Any:
    """Present value of a label, as JSON takes it."""
    show, _ = _LABELS[label]
    return show(state)


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise SettingRefusedError(f"expected a number, got {json.dumps(value)}")
    try:
        return float(value)
    except OverflowError:
        raise SettingRefusedError("number too large") from None


def _numbers(value: object) -> list[float]:
    if not isinstance(value, list):
        raise SettingRefusedError(f"expected a list of numbers, got {json.dumps(value)}")
    return [_number(item) for item in value]


def _switch(value: object) -> bool:
    if not isinstance(value, bool):
        raise SettingRefusedError(f"expected true or false, got {json.dumps(value)}")
    return value


def _search(state: NanowireDriver, value: object) -> None:
    if _switch(value):
        state.start_search()


_COMMANDS: dict[str, tuple[str, Callable[[NanowireDriver, object], None]]] = {
    "SetMeasurementPeriod": ("InptMeasurementPeriod", lambda state, value: state.set_period_ms(_number(value))),
    "SetAllBiasCurrents": ("BiasCurrent", lambda state, value: state.set_bias_ua(_numbers(value))),
    "SetAllTriggerLevels": ("TriggerLevel", lambda state, value: state.set_trigger_mv(_numbers(value))),
    "DetectorEnable": ("DetectorEnable", lambda state, value: state.set_enabled(_switch(value))),
    "DarkCountsAutoIV": ("DarkCountsAutoIV", lambda state, value: state.set_auto_dark_counts(_numbers(value))),
    "AutoCaliBiasCurrents": ("StartAutoIV", _search),
}
_LABELS: dict[str, tuple[Callable[[NanowireDriver], Any], Message]] = {
    "NumberOfDetectors": (lambda state: state.unit.channels, {}),
    "SerialNumber": (lambda state: state.unit.serial_number, {}),
    "InptMeasurementPeriod": (
        lambda state: state.period_ms,
        {"unit": "ms", "bounds": list(PERIOD_MS)},
    ),
    "BiasCurrent": (lambda state: list(state.bias_ua), {"unit": "uA"}),
    "TriggerLevel": (lambda state: list(state.trigger_mv), {"unit": "mV", "bounds": [0.0, MAX_TRIGGER_MV]}),
    "BiasVoltage": (lambda state: list(state.bias_mv()), {"unit": "mV"}),
    "DetectorEnable": (lambda state: state.enabled, {}),
    "DarkCountsAutoIV": (lambda state: list(state.auto_dark_counts), {"unit": "1/s"}),
    "BiasCurrentAutoIV": (lambda state: list(state.auto_bias_ua), {"unit": "uA"}),
    "StartAutoIV": (lambda state: state.searching, {}),
}


def _build(around: Surroundings) -> WebSq:
    return WebSq(around.clock, around.unit, link=around.link, trace=around.trace, seed=around.seed)


MODEL = SimulatorModel(
    name="websq",
    title="Single Quantum WebSQ nanowire detector driver",
    build=_build,
    unit=WebSqUnit,
    side_ports={"counts": WebSq.counts_port},
)
