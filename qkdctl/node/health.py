"""What keeps a node from being healthy: supervisors that hang, epochs that do not end, parts that have crashed."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from qkdctl.devices.supervisor import Supervisor

if TYPE_CHECKING:
    from qkdctl.node.node import Node

_HUNG_S = 30.0
_EPOCHS_MISSED = 3
_EPOCH_GRACE_S = 5.0


def complaints(node: "Node") -> list[str]:
    """One sentence for each; empty for a healthy node."""
    now = node.clock.monotonic()
    found = [f"supervisor of {s.device.name} has not moved for {now - s.last_tick:.0f} s" for s in _hung(node, now)]
    without_epoch_s = now - node.epochs.last_tick
    if node.is_ready and without_epoch_s > _EPOCHS_MISSED * node.config.node.epoch_s + _EPOCH_GRACE_S:
        found.append(f"no epoch for {without_epoch_s:.0f} s")
    return found + node.parts.defects()


def _hung(node: "Node", now: float) -> Iterator[Supervisor]:
    running = node.parts.running()
    for supervisor in node.supervisors.values():
        device = supervisor.device
        round_s = supervisor.settings.poll_s + device.timeout_s * (1 + len(supervisor.readings))
        if f"device {device.name}" in running and now - supervisor.last_tick > _HUNG_S + round_s:
            yield supervisor
