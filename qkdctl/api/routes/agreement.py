"""The agreement with the other nodes: how it stands, weights, evidence, acts."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from qkdctl.api.agreement_models import Acts, Agreement, Evidence, FileAct, Weights
from qkdctl.api.callers import Administrator, Reader
from qkdctl.api.facade import Json, NodeFacade
from qkdctl.api.models import ActionResult

_LARGEST = 2**63 - 1
HISTORY_MAX = 1000


def agreement_router(facade: NodeFacade) -> APIRouter:
    """Routes of the agreement."""
    router = APIRouter(prefix="/v1", tags=["agreement"])

    @router.get("/agreement", response_model=Agreement)
    async def agreement(_: Reader) -> Json:
        """Who decides and how far they are, the last decision, and the channel with each peer."""
        return facade.agreement()

    @router.get("/agreement/weights", response_model=Weights)
    async def weights(_: Reader, history: Annotated[int, Query(ge=0, le=HISTORY_MAX)] = 0) -> Json:
        """What the word of each node weighs and why, and how it came to that over so many epochs."""
        return facade.weights(history)

    @router.get("/agreement/evidence", response_model=Evidence)
    async def evidence(_: Reader, epoch: Annotated[int | None, Query(ge=1, le=_LARGEST)] = None) -> Json:
        """What the nodes claimed in an epoch, by default the last, and what was concluded."""
        return await facade.evidence(epoch)

    @router.get("/acts", response_model=Acts)
    async def acts(_: Reader) -> Json:
        """Acts that need the word of several operators."""
        return facade.acts()

    @router.post("/acts", response_model=ActionResult)
    async def file_act(request: FileAct, caller: Administrator) -> Json:
        """Want an act, and approve it."""
        return await facade.file_act(request.act.to_plain(), caller.who)

    @router.post("/acts/{number}/approve", response_model=ActionResult)
    async def approve_act(number: Annotated[int, Path(ge=0, le=_LARGEST)], caller: Administrator) -> Json:
        """Stand by an open act; this cannot be taken back."""
        return await facade.approve_act(number, caller.who)

    @router.post("/acts/withdraw", response_model=ActionResult)
    async def withdraw_act(caller: Administrator) -> Json:
        """Take back the act that was filed at this node, as long as it is not decided."""
        return await facade.withdraw_act(caller.who)

    return router
