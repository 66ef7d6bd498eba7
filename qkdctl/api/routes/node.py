"""The node as a whole: status, configuration, ledger, safe, reload."""

from typing import Annotated

from fastapi import APIRouter, Query

from qkdctl.api.callers import Administrator, Operator, Reader
from qkdctl.api.facade import Json, NodeFacade
from qkdctl.api.models import ActionResult, Configuration, LedgerPage, Status
from qkdctl.audit.recorded import report_digests

_WITH_REPORTS_MAX = 100


def node_router(facade: NodeFacade) -> APIRouter:
    """Routes of the node."""
    router = APIRouter(prefix="/v1", tags=["node"])

    @router.get("/status", response_model=Status)
    async def status(_: Reader) -> Json:
        """The whole node at one glance."""
        return facade.status()

    @router.get("/configuration", response_model=Configuration)
    async def configuration(_: Reader) -> Json:
        """Every effective value with its source; secrets are redacted."""
        return {"values": facade.configuration()}

    @router.get("/ledger", response_model=LedgerPage)
    async def ledger(
        _: Reader,
        after: Annotated[int, Query(ge=-1, le=2**63 - 1)] = -1,
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
        *,
        reports: bool = False,
    ) -> Json:
        """Entries of the hash chain above a sequence number, oldest first, if wanted with reports behind decisions."""
        head = facade.status()["ledger"]
        entries = await facade.ledger(after, min(limit, _WITH_REPORTS_MAX) if reports else limit)
        digests = [found for entry in entries for found in report_digests(entry["payload"])] if reports else []
        return {"ledger": head, "entries": entries, "reports": await facade.reports(digests) if digests else {}}

    @router.post("/safe", response_model=ActionResult)
    async def safe_all(caller: Operator) -> Json:
        """Make every source dark, shown by read-back, and keep all links safe."""
        return await facade.safe_all(caller.who)

    @router.post("/reload", response_model=ActionResult)
    async def reload(caller: Administrator) -> Json:
        """Read the configuration again and apply it as a whole, or not at all."""
        return await facade.reload(caller.who)

    return router
