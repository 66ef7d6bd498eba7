"""From a scenario to its links, instruments and endpoints."""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hil_sim.endpoints.base import Instrument
from hil_sim.endpoints.endpoint import Endpoint
from hil_sim.endpoints.factory import EndpointPlan, make_endpoint
from hil_sim.instruments.model import Surroundings
from hil_sim.instruments.registry import find_model
from hil_sim.scenario import InstrumentSection, Scenario, unit_of
from hil_sim.trace import TraceWriter, no_trace
from hil_sim.world.link import OpticalLink
from qkdctl.clock import Clock


@dataclass(frozen=True, slots=True)
class Bench:
    """What a scenario is made of.

    Attributes:
        links: optical links by name.
        instruments: instruments by name.
        endpoints: endpoints by the name of their instrument; side ports as `<instrument>.<port>`.
    """

    links: dict[str, OpticalLink] = field(default_factory=dict)
    instruments: dict[str, Instrument] = field(default_factory=dict)
    endpoints: dict[str, Endpoint] = field(default_factory=dict)

    def endpoints_of(self, instrument: str) -> list[Endpoint]:
        """Every endpoint of an instrument, its own first."""
        return [e for name, e in self.endpoints.items() if name.partition(".")[0] == instrument]


class Builder:
    """Builds everything of a scenario; nothing listens yet."""

    def __init__(self, scenario: Scenario, clock: Clock, by_id: Path, trace: TraceWriter | None = None) -> None:
        """Prepare to build.

        Args:
            scenario: what to build.
            clock: source of time.
            by_id: directory for the links to serial ports.
            trace: records what links and instruments do.
        """
        self._scenario = scenario
        self._clock = clock
        self._by_id = by_id
        self._trace = trace
        self._shared: dict[str, dict[str, Any]] = {name: {} for name in scenario.links}
        self._common: dict[str, Any] = {}

    def build(self) -> Bench:
        """The links, instruments and endpoints of the scenario."""
        bench = Bench()
        for name, parameters in self._scenario.links.items():
            bench.links[name] = OpticalLink(name, parameters, self._scenario.seed, self._clock)
            bench.links[name].on_change = None if self._trace is None else self._trace.of(name)
        for name, section in self._scenario.instruments.items():
            model = find_model(section.model)
            unit = unit_of(model, name, section.options)
            instrument = model.build(self._surroundings(name, section, unit, bench.links))
            bench.instruments[name] = instrument
            bench.endpoints[name] = make_endpoint(self._plan(name, section, unit), instrument, self._clock)
            for port, behind in model.side_ports.items():
                side = f"{name}.{port}"
                plan = EndpointPlan(side, "tcp", port=section.side_ports.get(port, 0), seed=self._seed(side))
                bench.endpoints[side] = make_endpoint(plan, behind(instrument), self._clock)
        return bench

    def _surroundings(
        self, name: str, section: InstrumentSection, unit: Any, links: Mapping[str, OpticalLink]
    ) -> Surroundings:
        return Surroundings(
            name=name,
            clock=self._clock,
            unit=unit,
            transport=section.transport or find_model(section.model).transports[0],
            link=links[section.link] if section.link else None,
            link_name=section.link or "",
            role=section.role,
            trace=no_trace if self._trace is None else self._trace.of(name),
            seed=self._seed(name),
            shared=self._shared[section.link] if section.link else {},
            shared_on=self._shared,
            common=self._common,
        )

    def _plan(self, name: str, section: InstrumentSection, unit: Any) -> EndpointPlan:
        model = find_model(section.model)
        serial_number = getattr(unit, "serial_number", name)
        return EndpointPlan(
            name=name,
            transport=section.transport or model.transports[0],
            port=section.port,
            address_form=model.address_form,
            device_link=self._by_id / f"usb-{model.usb_name or model.name}_{serial_number}-if00-port0",
            baud=model.baud,
            paced=section.paced,
            seed=self._seed(name),
        )

    def _seed(self, name: str) -> int:
        return zlib.crc32(f"{self._scenario.seed}/{name}".encode())
