"""Alarms."""

from fastapi import APIRouter

from qkdctl.api.callers import Operator, Reader
from qkdctl.api.facade import Json, NodeFacade
from qkdctl.api.models import ActionResult, AlarmList


def alarms_router(facade: NodeFacade) -> APIRouter:
    """Routes of the alarms."""
    router = APIRouter(prefix="/v1/alarms", tags=["alarms"])

    @router.get("", response_model=AlarmList)
    async def alarms(_: Reader) -> Json:
        """Alarms that are raised or not yet acknowledged."""
        return {"alarms": facade.alarms()}

    @router.post("/{alarm}/acknowledge", response_model=ActionResult)
    async def acknowledge(alarm: str, caller: Operator) -> Json:
        """Note that somebody has seen the alarm."""
        return await facade.acknowledge_alarm(alarm, caller.who)

    return router
