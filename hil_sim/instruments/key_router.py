"""The key router of a simulated node behind the HTTP/JSON relay interface, version 1.

The interface is described for makers of routers in docs/guides/key-router.md. All routers of a scenario relay keys
together; hop keys are those that the simulated engines of a link make, where it has some.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import Field

from hil_sim.endpoints.http_wire import Application
from hil_sim.instruments.json_instrument import JsonInstrument
from hil_sim.instruments.key_router_app import router_application
from hil_sim.instruments.model import SimulatorModel, Surroundings
from hil_sim.instruments.qkd_engine import SESSION
from hil_sim.key_relay.conduct import RouterConduct
from hil_sim.key_relay.router import KeyRouter
from hil_sim.key_relay.world import RelayWorld
from hil_sim.kme.feeds import session_feed, steady_feed
from hil_sim.kme.pool import KeyFeed, KeyPool
from qkdctl.clock import Clock
from qkdctl.records.base import Name

_WORLD = "key relay"
_STORE_BITS = 100_000_000


@dataclass(frozen=True, slots=True)
class KeyRouterUnit:
    """One router as delivered.

    Attributes:
        serial_number: in its information.
        node: where it stands; by default the name of the instrument.
        links: its links, and the node at the other end of each; equal names at both ends are one link.
        key_bits_per_s: key that each of its links makes where the scenario has no engines on it.
        conduct: how it behaves.
    """

    serial_number: str = "SIM00001"
    node: Annotated[str, Field(pattern=r"^([a-z0-9][a-z0-9-]{0,62})?$")] = ""
    links: dict[Name, Name] = field(default_factory=dict)
    key_bits_per_s: Annotated[float, Field(ge=0, le=1e12)] = 100_000.0
    conduct: RouterConduct = field(default_factory=RouterConduct)


class KeyRouterInstrument(JsonInstrument):
    """One router.

    Attributes:
        world: what it shares with the routers of the other nodes.
        router: itself.
    """

    def __init__(self, world: RelayWorld, router: KeyRouter, *, serial_number: str = "SIM00001") -> None:
        """Serve one router of a world."""
        super().__init__()
        self.world = world
        self.router = router
        self.serial_number = serial_number

    def application(self) -> Application:
        """The HTTP interface."""
        return router_application(self.world, self.router, self.serial_number)

    def power_cycle(self) -> None:
        """Come back without routes; records and their numbers survive on disk."""
        super().power_cycle()
        self.world.advance()
        self.router.power_cycle()


def _build(around: Surroundings) -> KeyRouterInstrument:
    unit: KeyRouterUnit = around.unit
    world: RelayWorld = around.common.setdefault(_WORLD, None) or RelayWorld(around.clock, seed=around.seed)
    around.common[_WORLD] = world
    router = KeyRouter(unit.node or around.name, unit.links, unit.conduct, seed=around.seed)
    world.add_router(router)
    for link, neighbour in unit.links.items():
        if not world.has_link(link):
            feed = _feed(around.shared_on.get(link, {}), around.clock, unit.key_bits_per_s)
            pool = KeyPool(router.node, neighbour, feed, capacity_bits=_STORE_BITS, seed=around.seed)
            world.add_link(link, pool)
    return KeyRouterInstrument(world, router, serial_number=unit.serial_number)


def _feed(shared: Mapping[str, Any], clock: Clock, bits_per_s: float) -> KeyFeed:
    """What the engines of a link make; the scenario may name them after the router, so they are looked for late."""
    steady = steady_feed(clock, bits_per_s)
    of_session: KeyFeed | None = None

    def credited_bits() -> int:
        nonlocal of_session
        if of_session is None and SESSION in shared:
            of_session = session_feed(shared[SESSION])
        return steady() if of_session is None else of_session()

    return credited_bits


MODEL = SimulatorModel(
    name="key-router",
    title="Key router (relay interface)",
    build=_build,
    unit=KeyRouterUnit,
    transports=("http",),
)
