"""Routes of the keys that nodes relay."""

from fastapi import APIRouter

from qkdctl.api.callers import Reader
from qkdctl.api.facade import Json, NodeFacade
from qkdctl.api.route_models import Routes


def key_routes_router(facade: NodeFacade) -> APIRouter:
    """Routes of the API about routes of keys."""
    router = APIRouter(prefix="/v1", tags=["routes"])

    @router.get("/routes", response_model=Routes)
    async def routes(_: Reader) -> Json:
        """Over which nodes keys travel for each demand, and whether this node's router serves them."""
        return facade.routes()

    return router
