"""What a simulated instrument tells the scenario about itself."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict

from hil_sim.endpoints.base import Instrument
from hil_sim.trace import Trace, no_trace
from hil_sim.world.link import OpticalLink
from qkdctl.clock import Clock


class ModelOptions(BaseModel):
    """Base of the options of a model; unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    serial_number: str = "SIM00001"


OptionsT = TypeVar("OptionsT", bound=ModelOptions)


@dataclass(frozen=True, slots=True)
class Surroundings(Generic[OptionsT]):
    """Everything an instrument is built from.

    Attributes:
        name: name in the scenario.
        clock: source of time.
        options: validated options of the model.
        link: the optical link it sits on; none for an instrument that stands alone.
        role: its part on that link, such as `alice` or `bob` for an engine.
        trace: takes note of what the instrument actuates.
        seed: of its random numbers; differs between the instruments of one scenario.
    """

    name: str
    clock: Clock
    options: OptionsT
    link: OpticalLink | None = None
    role: str = ""
    trace: Trace = no_trace
    seed: int = 0


@dataclass(frozen=True, slots=True)
class SimulatorModel:
    """One kind of simulated instrument.

    Attributes:
        name: as scenarios write it; equal to the name of the `qkdctl` driver for it.
        title: maker and type, for people.
        build: makes the instrument.
        options: what a scenario may set.
        transports: `tcp`, `pty`, `zmq` or `http`; the first is used unless a scenario chooses another.
        address_form: address on `tcp`, with `{host}` and `{port}`.
        baud: nominal speed on `pty`.
        usb_name: maker and product as a by-id link writes them, for `pty`.
        side_ports: further TCP ports of the same instrument, by option name, each with what answers there.
    """

    name: str
    title: str
    build: Callable[[Surroundings[Any]], Instrument]
    options: type[ModelOptions] = ModelOptions
    transports: tuple[str, ...] = ("tcp",)
    address_form: str = "tcp://{host}:{port}"
    baud: int = 9600
    usb_name: str = ""
    side_ports: Mapping[str, Callable[[Any], Instrument]] = field(default_factory=dict)
