"""A running node, its devices and links as documents for the API, as they are now."""

from typing import TYPE_CHECKING, Any

from qkdctl.node.agreement_views import summary_view
from qkdctl.node.views import device_view, link_view

if TYPE_CHECKING:
    from qkdctl.node.node import Node

Json = dict[str, Any]
_STALE_EPOCHS = 3


def node_now(node: "Node") -> Json:
    """What of the status changes all the time (`Event` of part "node")."""
    return {
        "state": node.state,
        "epoch": node.epochs.epoch,
        "uptime_s": node.uptime_s,
        "agreement": summary_view(node),
    }


def device_now(node: "Node", name: str) -> Json:
    """One device (`models.Device`)."""
    return device_view(node.supervisors[name], node.config.devices[name].driver, node.clock.monotonic())


def link_now(node: "Node", name: str) -> Json:
    """One link (`models.Link`); what was decided too long ago says nothing of it any more."""
    row = plan = age_s = None
    if node.epochs.outcomes:
        outcome = node.epochs.outcomes[-1]
        since_s = node.clock.monotonic() - outcome.ended_at
        plan = next((entry for entry in outcome.plan.links if entry.link == name), None)
        row = next((entry for entry in outcome.state.rows if entry.link == name), None)
        age_s = round(row.age_ms / 1000 + since_s, 3) if row is not None else None
        if since_s > _STALE_EPOCHS * node.config.node.epoch_s:
            row = plan = None
    return link_view(node.links[name], row, plan, age_s)
