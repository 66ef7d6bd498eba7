"""What a kind of simulated instrument tells the scenario about itself."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from hil_sim.endpoints.base import Instrument
from hil_sim.trace import Trace, no_trace
from hil_sim.world.link import OpticalLink
from qkdctl.clock import Clock


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Everything an instrument is built from.

    Attributes:
        name: name in the scenario.
        clock: source of time.
        unit: the unit as its maker delivered it: an instance of the model's `unit`.
        transport: how clients reach it: `tcp`, `pty`, `zmq` or `http`.
        link: the optical link it sits on; none for an instrument that stands alone.
        link_name: name of that link, empty for none.
        role: its part on the link, such as `alice` or `bob` for an engine.
        trace: takes note of what the instrument actuates.
        seed: of its random numbers; differs between the instruments of a scenario.
        shared: what the instruments of one link have in common, such as the key session of its two engines; the first
            that needs it puts it there.
        shared_on: the same of every link of the scenario, by name.
        common: what all instruments of the scenario have in common, such as the relay of keys between its nodes.
    """

    name: str
    clock: Clock
    unit: Any
    transport: str = "tcp"
    link: OpticalLink | None = None
    link_name: str = ""
    role: str = ""
    trace: Trace = no_trace
    seed: int = 0
    shared: dict[str, Any] = field(default_factory=dict)
    shared_on: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    common: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SimulatorModel:
    """One kind of simulated instrument.

    Attributes:
        name: as scenarios write it; equal to the name of the `qkdctl` driver for it.
        title: maker and type, for people.
        build: makes the instrument.
        unit: frozen dataclass or pydantic model whose fields are the options of a scenario; it may refuse values with a
            `ValueError`, and its `serial_number`, when it has one, names the by-id link.
        transports: those it can be reached by; the first is used unless a scenario chooses another.
        roles: the parts it can play on a link; empty when it plays only one.
        address_form: its address on `tcp`, with `{host}` and `{port}`.
        baud: its speed on `pty`.
        usb_name: maker and product as its by-id link writes them, for `pty`.
        side_ports: further TCP ports of the same instrument: scenario key and what answers there.
    """

    name: str
    title: str
    build: Callable[[Surroundings], Instrument]
    unit: type[Any]
    transports: tuple[str, ...] = ("tcp",)
    roles: tuple[str, ...] = ()
    address_form: str = "tcp://{host}:{port}"
    baud: int = 9600
    usb_name: str = ""
    side_ports: Mapping[str, Callable[[Any], Instrument]] = field(default_factory=dict)
