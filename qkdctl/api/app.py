"""The application: routes, gate and problem documents around a facade."""

from importlib.metadata import version

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from qkdctl.api.facade import NodeFacade
from qkdctl.api.gate import Gate
from qkdctl.api.hub import EventHub
from qkdctl.api.metrics import Metrics
from qkdctl.api.problems import RESPONSES, LastResort, install_problem_handlers
from qkdctl.api.roles import RoleSettings
from qkdctl.api.routes.agreement import agreement_router
from qkdctl.api.routes.alarms import alarms_router
from qkdctl.api.routes.devices import devices_router
from qkdctl.api.routes.events import events_router
from qkdctl.api.routes.health import health_router
from qkdctl.api.routes.key_routes import key_routes_router
from qkdctl.api.routes.links import links_router
from qkdctl.api.routes.node import node_router
from qkdctl.api.routes.policies import policies_router
from qkdctl.api.settings import TcpSettings
from qkdctl.clock import Clock


def create_app(
    facade: NodeFacade, hub: EventHub, clock: Clock, roles: RoleSettings, tcp: TcpSettings | None = None
) -> FastAPI:
    """Build the application.

    Args:
        facade: the node.
        hub: its live events.
        clock: time for the event streams.
        roles: who may do what on the unix socket.
        tcp: tokens and host names over TCP; None refuses TCP altogether.
    """
    app = FastAPI(
        title="qkdctl",
        version=version("qkdctl"),
        summary="Controller daemon for QKD instruments",
        openapi_url="/v1/openapi.json",
        docs_url=None,  # the interactive pages would load scripts from foreign hosts
        redoc_url=None,
        responses=RESPONSES,
        generate_unique_id_function=_operation_id,
    )
    metrics = Metrics(facade, hub)
    for router in (
        node_router(facade),
        devices_router(facade),
        links_router(facade),
        alarms_router(facade),
        agreement_router(facade),
        key_routes_router(facade),
        policies_router(facade),
        events_router(hub, clock),
        health_router(facade, metrics),
    ):
        app.include_router(router)
    install_problem_handlers(app)
    app.add_middleware(LastResort)
    app.add_middleware(Gate, roles=roles, tcp=tcp)
    app.add_middleware(_RequestCounter, metrics=metrics)
    return app


class _RequestCounter:
    """Counts answers."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def counting(message: Message) -> None:
            if message["type"] == "http.response.start":
                route = getattr(scope.get("route"), "path", "other")
                self._metrics.count_request(scope["method"], route, message["status"])
            await send(message)

        await self._app(scope, receive, counting if scope["type"] == "http" else send)


def _operation_id(route: APIRoute) -> str:
    return route.name
