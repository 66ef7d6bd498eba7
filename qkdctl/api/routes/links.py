"""Links: state, history, and the hands an operator lays on them."""

from typing import Annotated

from fastapi import APIRouter, Query

from qkdctl.api.callers import Operator, Reader
from qkdctl.api.facade import Json, NodeFacade
from qkdctl.api.models import ActionResult, History, LinkDocument, LinkList


def links_router(facade: NodeFacade) -> APIRouter:
    """Routes of the links."""
    router = APIRouter(prefix="/v1/links", tags=["links"])

    @router.get("", response_model=LinkList)
    async def links(_: Reader) -> Json:
        """All links with their last measurements."""
        return {"links": facade.links()}

    @router.get("/{name}", response_model=LinkDocument)
    async def link(name: str, _: Reader) -> Json:
        """One link with its last measurements."""
        return facade.link(name)

    @router.get("/{name}/history", response_model=History)
    async def history(name: str, _: Reader, limit: Annotated[int, Query(ge=1, le=10_000)] = 200) -> Json:
        """The last epochs, oldest first."""
        return {"link": name, "epochs": await facade.history(name, limit)}

    @router.post("/{name}/hold", response_model=ActionResult)
    async def hold(name: str, caller: Operator) -> Json:
        """Keep the present settings whatever the policy proposes."""
        return await facade.hold(name, caller.who)

    @router.post("/{name}/safe", response_model=ActionResult)
    async def make_safe(name: str, caller: Operator) -> Json:
        """Make the link's sources dark, shown by read-back, and keep them so."""
        return await facade.make_safe(name, caller.who)

    @router.post("/{name}/resume", response_model=ActionResult)
    async def resume(name: str, caller: Operator) -> Json:
        """Give a held or safe link back to the policy."""
        return await facade.resume(name, caller.who)

    @router.post("/{name}/calibrate", response_model=ActionResult)
    async def calibrate(name: str, caller: Operator) -> Json:
        """Measure and store the calibration record; takes seconds, the link makes no key meanwhile."""
        return await facade.calibrate(name, caller.who)

    @router.post("/{name}/realign", response_model=ActionResult)
    async def realign(name: str, caller: Operator) -> Json:
        """Re-align the polarisation; takes seconds, the link makes no key meanwhile."""
        return await facade.realign(name, caller.who)

    return router
