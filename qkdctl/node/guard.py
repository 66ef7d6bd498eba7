"""What an operator may not set by hand: what a link stands on, and the last thing that keeps it dark."""

from qkdctl.actuation.safety import darkening, seen_dark
from qkdctl.api.errors import ConflictError
from qkdctl.control.link import LinkController
from qkdctl.devices.attributes import Value
from qkdctl.devices.supervisor import Supervisor
from qkdctl.node.node import Node


def refuse_order(node: Node, supervisor: Supervisor, attribute: str, value: Value) -> None:
    """Refuse to set an attribute by hand.

    Source and attenuator of a link, and whatever else it stands on, belong to the link unless it is in manual-safe
    mode. Then they may be moved, as long as the other of the two is seen to keep the link dark.

    Raises:
        ConflictError: it says why, and what to do.
    """
    if node.config.node.observe_only:
        raise ConflictError("this daemon only observes", hint="set node.observe_only = false")
    if node.is_stopping:
        raise ConflictError("the daemon stops")
    for link in node.links.values():
        if supervisor in link.roles.all():
            _refuse_on(node, link, supervisor, attribute, value)


def _refuse_on(node: Node, link: LinkController, supervisor: Supervisor, attribute: str, value: Value) -> None:
    device = supervisor.device
    alice = link.roles.alice
    lights = alice is not None and supervisor in (alice.source, alice.attenuator)
    if not lights and attribute not in node.journal.committed(device.name):
        return
    if link.mode != "manual-safe" or link.operating:
        busy = " and busy" if link.operating else ""
        raise ConflictError(
            f"{device.name}.{attribute} belongs to link {link.name}, which is {link.mode}{busy}",
            expected="a link in manual-safe mode",
            hint=f"qkdctl links safe {link.name}",
        )
    if not device.darkens or attribute != next(iter(device.safe_values())) or value == device.safe_values()[attribute]:
        return
    others = [other for other in darkening(link.roles) if other is not supervisor]
    if not any(seen_dark(other) for other in others):
        names = " or ".join(other.device.name for other in others) or "a shutter"
        raise ConflictError(
            f"{device.name}.{attribute} = {value} could let light into link {link.name}",
            expected=f"{names} keeping it dark, seen by read-back",
            hint=f"qkdctl links resume {link.name} brings it up within its limits",
        )
