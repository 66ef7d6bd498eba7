"""The HTTP side of a simulated key router: paths, bodies and errors of the relay interface."""

import json
from typing import Annotated

from fastapi import Body, Query
from pydantic import BeforeValidator, Field, ValidationError

from hil_sim.endpoints.http_wire import Application
from hil_sim.instruments.json_service import Message, json_service
from hil_sim.key_relay.refusals import RouterRefusedError
from hil_sim.key_relay.router import KeyRouter
from hil_sim.key_relay.transfer import KEY_BITS
from hil_sim.key_relay.world import RelayWorld
from qkdctl.records.relay import KeyId, RelayRecord, RelayView
from qkdctl.records.route import RouteTable

INTERFACE_VERSION = "1.0"
MODEL_NAME = "SIM-KEY-ROUTER"
MAX_PAGE = 10_000


class Info(Message):
    """What the router is; never changes while it runs."""

    model: str
    serial: str
    version: Annotated[str, Field(description="of this interface, major.minor")]
    node: Annotated[str, Field(description="where it stands")]
    key_bits: Annotated[int, Field(description="length of every key, 128 or 256")]
    links: Annotated[dict[str, str], Field(description="its links, and the node at the other end of each")]


class Relays(Message):
    """Relay records, oldest first, and which are kept."""

    relays: tuple[RelayRecord, ...]
    oldest: Annotated[int, Field(description="sequence of the oldest record kept, 0 when there is none")]
    newest: Annotated[int, Field(description="sequence of the newest record, 0 when there is none")]


class Audit(Message):
    """Which key to open."""

    key: KeyId


def _table(plain: object) -> RouteTable:
    """A table from parsed JSON: a list is what JSON has for a tuple, which strict bodies otherwise refuse."""
    try:
        return RouteTable.from_json(json.dumps(plain))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise ValueError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from error


def router_application(world: RelayWorld, router: KeyRouter, serial: str) -> Application:
    """The application of one router."""
    app = json_service(
        "Key router",
        INTERFACE_VERSION,
        "Routes, relay records and audits of the key router of one node.",
        RouterRefusedError,
    )

    @app.get("/v1/info")
    async def read_info() -> Info:
        """What the router is."""
        return Info(
            model=MODEL_NAME,
            serial=serial,
            version=INTERFACE_VERSION,
            node=router.node,
            key_bits=KEY_BITS,
            links=router.links,
        )

    @app.get("/v1/routes")
    async def read_routes() -> RouteTable:
        """The table in force."""
        return router.table

    @app.put("/v1/routes")
    async def change_routes(table: Annotated[RouteTable, BeforeValidator(_table)]) -> RouteTable:
        """Replace the whole table; routes that stay as they were go on without a break."""
        return world.tell(router.node, table)

    @app.get("/v1/relays")
    async def read_relays(
        after: Annotated[int, Query(ge=0, description="sequence above which records are wanted")] = 0,
        limit: Annotated[int, Query(ge=1, le=MAX_PAGE, description="most records in the answer")] = 1000,
    ) -> Relays:
        """Relay records with a sequence above `after`, oldest first."""
        world.advance()
        return Relays(relays=tuple(router.records(after, limit)), oldest=router.oldest, newest=router.newest)

    @app.post("/v1/audit")
    async def audit(wanted: Annotated[Audit, Body()]) -> RelayView:
        """Open the hop keys of one key whose hashes were unequal."""
        return router.audit(wanted.key)

    return app
