"""Endpoints by the name of their transport."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hil_sim.endpoints.base import Instrument
from hil_sim.endpoints.endpoint import Endpoint
from hil_sim.endpoints.pty import PtyEndpoint
from hil_sim.endpoints.tcp import TcpEndpoint
from qkdctl.clock import Clock


@dataclass(frozen=True, slots=True)
class EndpointPlan:
    """How an instrument is to be reached.

    Attributes:
        name: of the endpoint.
        transport: `tcp`, `pty`, `http` or `zmq`.
        port: TCP port; 0 takes a free one; none on a pty.
        address_form: the address on TCP, with `{host}` and `{port}`.
        device_link: by-id style link to make for a pty.
        baud: speed of a pty.
        paced: whether bytes on a pty take their time.
        seed: of its faults.
    """

    name: str
    transport: str
    port: int = 0
    address_form: str = "tcp://{host}:{port}"
    device_link: Path = Path("/nonexistent")
    baud: int = 9600
    paced: bool = False
    seed: int = 0


def make_endpoint(plan: EndpointPlan, instrument: Instrument, clock: Clock) -> Endpoint:
    """The endpoint that a plan describes, not yet started.

    Raises:
        KeyError: for a transport that does not exist.
    """
    return _MAKERS[plan.transport](plan, instrument, clock)


def _tcp(plan: EndpointPlan, instrument: Instrument, clock: Clock) -> Endpoint:
    return TcpEndpoint(plan.name, instrument, clock, port=plan.port, address_form=plan.address_form, seed=plan.seed)


def _pty(plan: EndpointPlan, instrument: Instrument, clock: Clock) -> Endpoint:
    return PtyEndpoint(
        plan.name, instrument, clock, link=plan.device_link, baud=plan.baud, paced=plan.paced, seed=plan.seed
    )


def _http(plan: EndpointPlan, instrument: Instrument, clock: Clock) -> Endpoint:
    from hil_sim.endpoints.http import HttpEndpoint  # noqa: PLC0415 -- uvicorn only where it is needed

    return HttpEndpoint(plan.name, instrument, clock, port=plan.port, seed=plan.seed)


def _zmq(plan: EndpointPlan, instrument: Instrument, clock: Clock) -> Endpoint:
    from hil_sim.endpoints.zeromq import ZmqEndpoint  # noqa: PLC0415 -- ZeroMQ only where it is needed

    return ZmqEndpoint(plan.name, instrument, clock, port=plan.port, seed=plan.seed)


_MAKERS: dict[str, Callable[[EndpointPlan, Instrument, Clock], Endpoint]] = {
    "tcp": _tcp,
    "pty": _pty,
    "http": _http,
    "zmq": _zmq,
}
