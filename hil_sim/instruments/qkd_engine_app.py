"""The HTTP side of a simulated QKD engine: paths, bodies and errors of the session-record interface."""

from collections.abc import Callable
from typing import Annotated, Literal

from fastapi import Body, Query
from pydantic import Field

from hil_sim.endpoints.http_wire import Application
from hil_sim.instruments.json_service import Message, json_service
from hil_sim.world.session import KeySession
from hil_sim.world.session_state import SessionRefusedError, SessionState
from qkdctl.clock import Clock
from qkdctl.records.session import End, QberSample, SessionRecord

INTERFACE_VERSION = "1.1"
MODEL_NAME = "SIM-BB84"
MAX_PAGE = 10_000
MAX_PULSES = 10**12

Mode = Literal["idle", "key", "alignment"]
PeerMode = Literal["idle", "key", "alignment", "unknown"]


class Bases(Message):
    """How often an end chooses each basis."""

    z: float
    x: float


class Info(Message):
    """What the engine is; never changes while it runs."""

    model: str
    serial: str
    version: Annotated[str, Field(description="of this interface, major.minor")]
    end: End
    link: str
    pulse_rate_hz: float
    intensity_ratios: Annotated[tuple[float, ...], Field(description="relative to the signal, signal first")]
    intensity_probabilities: tuple[float, ...]
    protocols: tuple[str, ...]
    basis_probabilities: Bases


class State(Message):
    """What the engine is set to, and how far it has come."""

    running: bool
    mode: Mode
    peer_mode: Annotated[PeerMode, Field(description="mode of the other end, by the engines' own service channel")]
    protocol: str
    mean_photon_number_e6: Annotated[int, Field(description="signal intensity the analysis assumes, 1e-6 photons")]
    block: Annotated[int, Field(description="number of the key block under way")]
    sequence: Annotated[int, Field(description="number of the newest record, 0 before the first")]


class StateChange(Message):
    """Any of the settings; those left out keep their value."""

    running: bool | None = None
    mode: Mode | None = None
    protocol: str | None = None
    mean_photon_number_e6: int | None = None


class Records(Message):
    """Session records, oldest first, and which are kept."""

    records: tuple[SessionRecord, ...]
    oldest: Annotated[int, Field(description="sequence of the oldest record kept, 0 when there is none")]
    newest: Annotated[int, Field(description="sequence of the newest record, 0 when there is none")]


class Measurement(Message):
    """A measurement of the error rate."""

    pulses: Annotated[int, Field(ge=1, le=MAX_PULSES)]


def engine_application(
    session: KeySession,
    end: End,
    serial: str,
    clock: Clock,
    note: Callable[[SessionState], None],
    told: Callable[[SessionRecord], SessionRecord],
) -> Application:
    """The application of one end.

    Args:
        session: which both ends share.
        end: of the engine.
        serial: its serial number.
        clock: source of time.
        note: is told of every change of settings.
        told: what the engine tells of a session.
    """
    app = json_service(
        "QKD engine",
        INTERFACE_VERSION,
        "Session records, protocol selection and re-alignment of one end of a QKD link.",
        SessionRefusedError,
    )

    @app.get("/v1/info")
    async def read_info() -> Info:
        """What the engine is."""
        return _info(session, end, serial)

    @app.get("/v1/state")
    async def read_state() -> State:
        """What the engine is set to."""
        return _state(session.state(end))

    @app.put("/v1/state")
    async def change_state(change: StateChange) -> State:
        """Set any of the settings of this end; a change of mode, protocol or mean photon number ends the key block."""
        state = session.configure(
            end,
            running=change.running,
            mode=change.mode,
            protocol=change.protocol,
            mean_photon_number_e6=change.mean_photon_number_e6,
        )
        note(state)
        return _state(state)

    @app.get("/v1/records")
    async def read_records(
        after: Annotated[int, Query(ge=0, description="sequence above which records are wanted")] = 0,
        limit: Annotated[int, Query(ge=1, le=MAX_PAGE, description="most records in the answer")] = 1000,
    ) -> Records:
        """Session records with a sequence above `after`, oldest first."""
        records = tuple(map(told, session.records(end, after, limit)))
        oldest = session.records(end, 0, 1)
        newest = session.state(end).sequence
        return Records(records=records, oldest=oldest[0].sequence if oldest else 0, newest=newest)

    @app.post("/v1/alignment/measure")
    async def measure(wanted: Annotated[Measurement, Body()]) -> QberSample:
        """Send the alignment pattern for so many pulses and compare; answers when they have been sent."""
        sample = session.measure(wanted.pulses, end)
        await clock.sleep(wanted.pulses / session.link.parameters.pulse_rate_hz)
        return sample

    return app


def _info(session: KeySession, end: End, serial: str) -> Info:
    parameters = session.parameters
    z, x = parameters.basis_probabilities
    return Info(
        model=MODEL_NAME,
        serial=serial,
        version=INTERFACE_VERSION,
        end=end,
        link=session.link.name,
        pulse_rate_hz=session.link.parameters.pulse_rate_hz,
        intensity_ratios=parameters.intensity_ratios,
        intensity_probabilities=parameters.intensity_probabilities,
        protocols=parameters.protocols,
        basis_probabilities=Bases(z=z, x=x),
    )


def _state(state: SessionState) -> State:
    return State(
        running=state.running,
        mode=state.mode,
        peer_mode=state.peer_mode,
        protocol=state.protocol,
        mean_photon_number_e6=state.mean_photon_number_e6,
        block=state.block,
        sequence=state.sequence,
    )
