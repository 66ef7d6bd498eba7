"""What moves the instruments of a node, from the configuration: controllers of links, and the relaying of keys."""

from collections.abc import Mapping

from qkdctl.clock import Clock
from qkdctl.config.model import Config
from qkdctl.control.alarms import Alarms
from qkdctl.control.journal import Journal
from qkdctl.control.link import LinkController
from qkdctl.control.relaying import Relaying
from qkdctl.control.table import link_settings
from qkdctl.devices.supervisor import Supervisor
from qkdctl.node.devices import link_roles


def build_links(
    config: Config, supervisors: Mapping[str, Supervisor], journal: Journal, alarms: Alarms, clock: Clock
) -> dict[str, LinkController]:
    """One controller per link of which an end stands at this node."""
    return {
        name: LinkController(
            name,
            link_settings(section),
            roles,
            journal,
            alarms,
            clock,
            may_write=not config.node.observe_only,
        )
        for name, section in config.links.items()
        if (roles := link_roles(section, config.node.name, supervisors)) is not None
    }


def build_relaying(
    config: Config,
    supervisors: Mapping[str, Supervisor],
    alarms: Alarms,
    clock: Clock,
    *,
    interval_ms: int,
    patience_s: float,
) -> Relaying | None:
    """Relaying by the key router that the configuration names; None when it names none."""
    node, network = config.node, config.network
    if network is None or network.key_router is None:
        return None
    return Relaying(
        node.name,
        supervisors[network.key_router],
        alarms,
        clock,
        interval_ms=interval_ms,
        patience_s=patience_s,
        may_write=not node.observe_only,
    )
