"""The HTTP side of a simulated QKD engine: paths, bodies and errors of the session-record interface."""

from collections.abc import Callable
from typing import Annotated, Any, Literal

from fastapi import Body, FastAPI, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from hil_sim.endpoints.http_wire import Application
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


class _Message(BaseModel):
    """A body of the interface; types are not converted into each other and unknown keys are errors."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class Bases(_Message):
    """How often an end chooses each basis."""

    z: float
    x: float


class Info(_Message):
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


class State(_Message):
    """What the engine is set to, and how far it has come."""

    running: bool
    mode: Mode
    peer_mode: Annotated[PeerMode, Field(description="mode of the other end, by the engines' own service channel")]
    protocol: str
    mean_photon_number_e6: Annotated[int, Field(description="signal intensity the analysis assumes, 1e-6 photons")]
    block: Annotated[int, Field(description="number of the key block under way")]
    sequence: Annotated[int, Field(description="number of the newest record, 0 before the first")]


class StateChange(_Message):
    """Any of the settings; those left out keep their value."""

    running: bool | None = None
    mode: Mode | None = None
    protocol: str | None = None
    mean_photon_number_e6: int | None = None


class Records(_Message):
    """Session records, oldest first, and which are kept."""

    records: tuple[SessionRecord, ...]
    oldest: Annotated[int, Field(description="sequence of the oldest record kept, 0 when there is none")]
    newest: Annotated[int, Field(description="sequence of the newest record, 0 when there is none")]


class Measurement(_Message):
    """A measurement of the error rate."""

    pulses: Annotated[int, Field(ge=1, le=MAX_PULSES)]


class Refusal(_Message):
    """What every error answers."""

    error: str
    expected: str
    hint: str


_REFUSED: dict[int | str, dict[str, Any]] = {
    409: {"model": Refusal, "description": "not possible in the present state, or ever"},
    422: {"model": Refusal, "description": "a body or parameter of the wrong type"},
}


def engine_application(
    session: KeySession, end: End, serial: str, clock: Clock, note: Callable[[SessionState], None]
) -> Application:
    """The application of one end; `note` is told of every change of settings."""
    app = FastAPI(
        title="QKD engine",
        version=INTERFACE_VERSION,
        description="Session records, protocol selection and re-alignment of one end of a QKD link.",
        responses=_REFUSED,
        docs_url=None,  # its page would load scripts from elsewhere
        redoc_url=None,
    )
    _add_refusals(app)

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
        records = tuple(session.records(end, after, limit))
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


def _add_refusals(app: FastAPI) -> None:
    """Give every error the same three keys."""

    @app.exception_handler(SessionRefusedError)
    async def refused(_: Request, refusal: Exception) -> JSONResponse:
        assert isinstance(refusal, SessionRefusedError), "registered for this class"
        return _refuse(409, refusal.error, refusal.expected, refusal.hint)

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, problem: Exception) -> JSONResponse:
        assert isinstance(problem, RequestValidationError), "registered for this class"
        first = problem.errors()[0]
        where = ".".join(str(part) for part in first["loc"][1:]) or first["loc"][0]
        return _refuse(422, f"{where}: {first['msg']}", "see /openapi.json", "send JSON of the documented types")

    @app.exception_handler(HTTPException)
    async def failed(request: Request, failure: Exception) -> JSONResponse:
        assert isinstance(failure, HTTPException), "registered for this class"
        return _refuse(
            failure.status_code,
            f"{failure.detail}: {request.method} {request.url.path}",
            "one of the paths in /openapi.json",
            "check path and method",
        )


def _refuse(status: int, error: str, expected: str, hint: str) -> JSONResponse:
    return JSONResponse(Refusal(error=error, expected=expected, hint=hint).model_dump(), status_code=status)
