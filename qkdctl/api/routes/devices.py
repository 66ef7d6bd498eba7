"""Devices and their attributes."""

from fastapi import APIRouter

from qkdctl.api.callers import Operator, Reader
from qkdctl.api.facade import Json, NodeFacade
from qkdctl.api.models import AttributeChange, DeviceDocument, DeviceList, SetAttribute


def devices_router(facade: NodeFacade) -> APIRouter:
    """Routes of the devices."""
    router = APIRouter(prefix="/v1/devices", tags=["devices"])

    @router.get("", response_model=DeviceList)
    async def devices(_: Reader) -> Json:
        """All devices with their last values."""
        return {"devices": facade.devices()}

    @router.get("/{name}", response_model=DeviceDocument)
    async def device(name: str, _: Reader) -> Json:
        """One device with its last values."""
        return facade.device(name)

    @router.put("/{name}/attributes/{attribute}", response_model=AttributeChange)
    async def set_attribute(name: str, attribute: str, request: SetAttribute, caller: Operator) -> Json:
        """Set one attribute and read it back; limits reject, they never clip."""
        return await facade.set_attribute(name, attribute, request.value, caller.who, dry_run=request.dry_run)

    return router
