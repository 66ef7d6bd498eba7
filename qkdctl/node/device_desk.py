"""What operators ask of single instruments."""

from qkdctl.api.errors import ConflictError, InvalidValueError, UnavailableError, UnknownNameError
from qkdctl.api.facade import AttributeValue, Json
from qkdctl.devices.errors import OutOfRangeError
from qkdctl.devices.supervisor import Supervisor
from qkdctl.node.answers import SCHEMA, translated
from qkdctl.node.guard import refuse_order
from qkdctl.node.node import Node


class DeviceDesk:
    """Orders about devices.

    Args:
        node: the running node.
    """

    def __init__(self, node: Node) -> None:
        self._node = node

    def find(self, name: str) -> Supervisor:
        """The supervisor of a device.

        Raises:
            UnknownNameError: there is no such device.
        """
        if name not in self._node.supervisors:
            raise UnknownNameError("device", name, self._node.supervisors)
        return self._node.supervisors[name]

    async def set_attribute(
        self, device: str, attribute: str, value: AttributeValue, who: str, *, dry_run: bool
    ) -> Json:
        """Set one attribute and read it back; with `dry_run` only say what would happen.

        Raises:
            UnknownNameError: there is no such device or attribute.
            InvalidValueError: the value is out of range.
            ConflictError: the attribute is only read, or belongs to a link.
            UnavailableError: device or disk did not do it.
        """
        supervisor = self.find(device)
        known = {entry.name: entry for entry in supervisor.device.attributes}
        if attribute not in known:
            raise UnknownNameError(f"attribute of {device}", attribute, known)
        spec = known[attribute]
        if not spec.writable:
            raise ConflictError(f"{device}.{attribute} is only read", expected="a writable attribute")
        try:
            wanted = supervisor.device.check(attribute, value)
        except OutOfRangeError as error:
            raise InvalidValueError(str(error), hint="nothing was sent") from error
        refuse_order(self._node, supervisor, attribute, wanted)
        old = supervisor.readings[attribute].value if attribute in supervisor.readings else None
        limits = supervisor.device.limits(attribute)
        document: Json = {
            "schema_version": SCHEMA,
            "device": device,
            "attribute": attribute,
            "unit": spec.unit,
            "old": old,
            "new": wanted,
            "limits": [limits.minimum, limits.maximum] if spec.type in (int, float) else None,
            "applied": not dry_run,
        }
        if not dry_run:
            document["new"] = await self._apply(supervisor, attribute, wanted, who)
        return document

    async def _apply(self, supervisor: Supervisor, attribute: str, value: AttributeValue, who: str) -> AttributeValue:
        device = supervisor.device
        if not supervisor.usable:
            why = supervisor.last_error or "not connected"
            raise UnavailableError(f"{device.name} is {supervisor.state.value}: {why}")
        payload = {"device": device.name, "attribute": attribute, "value": str(value), "who": who}
        await translated(self._node.journal.append("operator", payload))
        async with supervisor.writing:
            # while the order waited for disk and device, the link may have been resumed, or the daemon stopped
            refuse_order(self._node, supervisor, attribute, value)
            seen: AttributeValue = await translated(device.write_verified(attribute, value))
        supervisor.note(attribute, seen)
        return seen
