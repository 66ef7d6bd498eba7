"""Endpoints by the name of their transport."""

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
        transport: `tcp` or `pty`.
        port: TCP port; 0 takes a free one.
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
        ValueError: for a transport that does not exist.
    """
    if plan.transport == "tcp":
        return TcpEndpoint(plan.name, instrument, clock, port=plan.port, address_form=plan.address_form, seed=plan.seed)
    if plan.transport == "pty":
        return PtyEndpoint(
            plan.name,
            instrument,
            clock,
            link=plan.device_link,
            baud=plan.baud,
            paced=plan.paced,
            seed=plan.seed,
        )
    raise ValueError(f"endpoint '{plan.name}': transport must be tcp or pty, got '{plan.transport}'")
