"""One end of a simulated QKD link behind the HTTP/JSON session-record interface, version 1.1.

The interface is described for engine vendors in docs/guides/qkd-engine.md. Both ends of a link share its key session
and report equal counts; each is told its own settings, and an engine whose link has no other is both ends.
"""

from dataclasses import dataclass, field
from typing import Any

from hil_sim.endpoints.http_wire import Application
from hil_sim.instruments.json_instrument import JsonInstrument
from hil_sim.instruments.model import SimulatorModel, Surroundings
from hil_sim.instruments.qkd_engine_app import engine_application
from hil_sim.instruments.qkd_engine_conduct import EngineConduct
from hil_sim.trace import Trace, no_trace
from hil_sim.world.link import OpticalLink
from hil_sim.world.presets import PRESETS
from hil_sim.world.session import KeySession
from hil_sim.world.session_state import SessionParameters, SessionState
from qkdctl.clock import Clock
from qkdctl.records.session import End, SessionRecord

SESSION = "key session"
"""By this name the instruments of a link share its session, see `Surroundings.shared`."""


@dataclass(frozen=True, slots=True)
class QkdEngineUnit:
    """One engine as delivered.

    Attributes:
        serial_number: in its information.
        session: how the two engines of the link run their protocol; equal for both.
        conduct: whether it tells the truth.
    """

    serial_number: str = "SIM00001"
    session: SessionParameters = field(default_factory=SessionParameters)
    conduct: EngineConduct = field(default_factory=EngineConduct)


class QkdEngine(JsonInstrument):
    """One engine.

    Attributes:
        end: which end of the link it is.
        session: the key session that it shares with the other end.
        conduct: whether it tells the truth; may be changed at any time.
    """

    def __init__(
        self,
        session: KeySession,
        end: End,
        clock: Clock,
        *,
        serial_number: str = "SIM00001",
        conduct: EngineConduct | None = None,
        trace: Trace = no_trace,
    ) -> None:
        """Serve one end of a session."""
        super().__init__()
        self.end: End = end
        self.session = session
        self.serial_number = serial_number
        self.conduct = conduct or EngineConduct()
        session.join(end)
        self._clock = clock
        self._trace = trace

    def application(self) -> Application:
        """The HTTP interface."""
        return engine_application(self.session, self.end, self.serial_number, self._clock, self.note, self._told)

    def power_cycle(self) -> None:
        """Come back idle; records and numbers survive, as both ends keep them on disk."""
        super().power_cycle()
        self.note(self.session.configure(self.end, running=False))

    def _told(self, record: SessionRecord) -> SessionRecord:
        return self.conduct.told(record)

    def note(self, state: SessionState) -> None:
        """Put what this end is set to on record."""
        self._trace("mode", state.mode)
        self._trace("mean_photon_number_e6", state.mean_photon_number_e6)


def _build(around: Surroundings) -> QkdEngine:
    session = _shared_session(around.shared, around.unit.session, around.link or _private_link(around))
    end: End = "bob" if around.role == "bob" else "alice"
    unit: QkdEngineUnit = around.unit
    return QkdEngine(
        session, end, around.clock, serial_number=unit.serial_number, conduct=unit.conduct, trace=around.trace
    )


def _shared_session(shared: dict[str, Any], parameters: SessionParameters, link: OpticalLink) -> KeySession:
    """The session of the link; the first engine makes it.

    Raises:
        ValueError: when the second engine wants another one.
    """
    session = shared.setdefault(SESSION, None) or KeySession(link, parameters)
    if session.parameters != parameters:
        raise ValueError(f"both engines of link {link.name} must have equal session options")
    shared[SESSION] = session
    return session


def _private_link(around: Surroundings) -> OpticalLink:
    """Fibre for an engine that stands alone, lit so that a signal pulse holds half a photon."""
    link = OpticalLink(around.name, PRESETS["ingaas-25km-demo"], around.seed, around.clock)
    link.set_laser_power_w(1e-3)
    link.set_laser_power_w(1e-3 * 0.5 / link.mean_photon_number())
    return link


MODEL = SimulatorModel(
    name="qkd-engine",
    title="QKD engine (session-record interface)",
    build=_build,
    unit=QkdEngineUnit,
    transports=("http",),
    roles=("alice", "bob"),
)
