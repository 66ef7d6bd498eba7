"""The links of the demo in virtual time: the same optics, engines and search, without instruments and sockets."""

import math
from collections.abc import Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hil_sim.demo.description import describe
from hil_sim.scenario import LinkSection, Scenario, load_scenario
from hil_sim.simulation import Simulation
from hil_sim.world.link import OpticalLink
from hil_sim.world.session import KeySession
from hil_sim.world.session_state import SessionParameters
from qkdctl.actuation.alignment import SearchResult, SearchSettings, Voltages, search
from qkdctl.config.link_facts import link_facts
from qkdctl.config.model import ShieldSection
from qkdctl.config.shared_figures import SharedFigures
from qkdctl.policy.shield_settings import ShieldSettings
from qkdctl.records.facts import LinkFacts
from qkdctl.records.plan import LinkPlan
from qkdctl.records.report import EndReport
from qkdctl.records.session import End, SessionRecord

REPOSITORY = Path(__file__).parents[2]
MADRID = load_scenario(REPOSITORY / "hil_sim" / "scenarios" / "madrid.toml")
_WARM_UP_S = 20.0
"""From the start of the simulation until links make key: their fibres drift meanwhile."""
_DECISION_S = 1.0
_MOVE_S = 0.25
_MEASUREMENT_S = 0.1
"""What instruments take on a computer that also runs eight nodes, over the time for the pulses."""


@dataclass
class _Clock:
    now_s: float = 0.0

    def monotonic(self) -> float:
        return self.now_s

    def wall_ms(self) -> int:
        return round(1000 * self.now_s)

    async def sleep(self, seconds: float) -> None:
        self.now_s += seconds


@dataclass(frozen=True)
class DemoNetwork:
    """What the nodes of the demo have agreed on.

    Attributes:
        figures: of each link.
        epoch_s: length of an epoch.
        shield: its limits.
    """

    figures: dict[str, SharedFigures]
    epoch_s: float
    shield: ShieldSettings

    def facts(self, name: str) -> LinkFacts:
        """Of a link, both of whose ends stand at one node."""
        return link_facts(name, self.figures[name], 12).model_copy(update={"alice": "bench", "bob": "bench"})


async def demo_network() -> DemoNetwork:
    """As the demo describes it."""
    async with Simulation(MADRID) as simulation:
        tables = describe(REPOSITORY / "config" / "demo.toml", simulation, "hold")
    epoch_s = float(tables["network"]["epoch_s"])
    figures = {name: SharedFigures.model_validate(table) for name, table in tables["links"].items()}
    return DemoNetwork(figures, epoch_s, ShieldSection.model_validate(tables["shield"]).settings(epoch_s))


class DemoLink:
    """One link with both its ends; see `qkdctl_policies.rollout.RunsEpochs`."""

    def __init__(self, name: str, network: DemoNetwork, seed: int, scenario: Scenario = MADRID) -> None:
        parameters: LinkSection = scenario.links[name]
        self.figures = network.figures[name]
        self._epoch_s = network.epoch_s
        self._clock = _Clock()
        self.link = OpticalLink(name, parameters, seed, self._clock)
        self._clock.now_s = self._epoch_end_s = _WARM_UP_S
        self.session = KeySession(self.link, SessionParameters(interval_s=1.0))
        self.link.set_laser_power_w(0.0075)
        self._brightest = self.link.mean_photon_number()
        self._told = 0
        self._e6 = 0
        self._realigned_s: list[float] = []
        self._set_power(self.figures.initial_mean_photon_number_e6)

    def run_epoch(self, plan: LinkPlan | None) -> tuple[EndReport, EndReport]:
        """Carry out a plan, unless a re-alignment still goes on; let an epoch pass, and report it from both ends."""
        self._epoch_end_s += self._epoch_s
        if plan is not None and self._clock.now_s + self._epoch_s <= self._epoch_end_s:
            self._clock.now_s += _DECISION_S
            if plan.realign:
                self._realign()
            if plan.mean_photon_number_e6 != self._e6:
                self._set_power(plan.mean_photon_number_e6)
        self._clock.now_s = max(self._clock.now_s, self._epoch_end_s)
        ended = [at for at in self._realigned_s if at <= self._epoch_end_s]
        self._realigned_s = [at for at in self._realigned_s if at > self._epoch_end_s]
        records = self.session.records("alice", self._told, 1000)
        self._told = records[-1].sequence if records else self._told
        return self._report("alice", records, len(ended)), self._report("bob", records, len(ended))

    def key_bits(self) -> int:
        """Key since it ran, by the record of its engines."""
        return sum(record.secret_key_bits for record in self.session.records("alice", 0, 100_000))

    def _set_power(self, e6: int) -> None:
        self.session.configure(mode="idle")
        self._clock.now_s += _MOVE_S
        self._e6 = e6
        self.link.set_attenuation_db(10 * math.log10(self._brightest * 1e6 / e6))
        self.session.configure(mode="key", mean_photon_number_e6=e6)

    def _realign(self) -> None:
        self.session.configure(mode="alignment")
        pulses = self.figures.alignment_pulses

        async def measure(voltages: Voltages) -> int:
            self.link.set_polarization_voltages_mv(voltages)
            await self._clock.sleep(_MEASUREMENT_S + pulses / self.figures.pulse_rate_hz)
            return self.session.measure(pulses).qber_ppm

        settings = SearchSettings(enough_ppm=self.figures.expected_qber_ppm)
        found = _result(search(self.link.settings.polarization_voltages_mv, measure, settings))
        self.link.set_polarization_voltages_mv(found.voltages_mv)
        self.session.configure(mode="key")
        self._realigned_s.append(self._clock.now_s)

    def _report(self, end: End, records: list[SessionRecord], realigns: int) -> EndReport:
        return EndReport(
            link=self.link.name,
            end=end,
            mode="running",
            protocol="bb84",
            mean_photon_number_e6=self._e6,
            measured_mean_photon_number_e6=self._e6 if end == "alice" else 0,
            attenuation_mdb=0,
            age_ms=0,
            trusted=1,
            realigns=realigns,
            sessions=tuple(record.model_copy(update={"end": end}) for record in records),
        )


def _result(work: Coroutine[Any, Any, SearchResult]) -> SearchResult:
    """Of a search in virtual time, which never waits for anything."""
    try:
        work.send(None)
    except StopIteration as done:
        result: SearchResult = done.value
        return result
    raise AssertionError("nothing suspends a search in virtual time")
