"""Devices and their supervisors, from the configuration."""

from collections.abc import Awaitable, Callable, Mapping

from qkdctl.actuation.roles import AliceEnd, BobEnd, LinkRoles
from qkdctl.actuation.safety import require_dark
from qkdctl.clock import Clock
from qkdctl.config.device_section import DeviceSection
from qkdctl.config.link_section import LinkSection
from qkdctl.config.model import Config
from qkdctl.control.journal import Journal
from qkdctl.devices.device import Device
from qkdctl.devices.registry import driver_class
from qkdctl.devices.supervisor import StartPolicy, Supervisor, SupervisorSettings


def build_device(name: str, section: DeviceSection, clock: Clock) -> Device:
    """The driver instance of one section, not connected."""
    driver = driver_class(section.driver)
    return driver(
        name,
        section.address,
        options=driver.Options.model_validate(dict(section.options)),
        limits={attribute: limits.to_limits() for attribute, limits in section.limits.items()},
        timeout_s=section.timeout_s,
        serial_number=section.serial_number or "",
        clock=clock,
    )


def build_supervisors(
    config: Config, clock: Clock, journal: Journal, on_change: Callable[[Supervisor], None]
) -> dict[str, Supervisor]:
    """One supervisor per device."""
    supervisors: dict[str, Supervisor] = {}
    for name, section in config.devices.items():
        settings = SupervisorSettings(
            poll_s=section.poll_s,
            offset_s=section.poll_offset_s or 0.0,
            on_start=StartPolicy(section.on_start),
            may_write=not config.node.observe_only,
        )
        supervisors[name] = Supervisor(
            build_device(name, section, clock),
            settings,
            clock,
            committed=_committed(journal, name),
            on_change=on_change,
            before_preparing=_dark_first(config, name, supervisors),
        )
    return supervisors


def link_roles(section: LinkSection, node: str, supervisors: Mapping[str, Supervisor]) -> LinkRoles | None:
    """The supervised instruments of the ends of a link that stand at a node; None when neither does."""

    def optional(name: str | None) -> Supervisor | None:
        return None if name is None else supervisors[name]

    def obligatory(name: str | None) -> Supervisor:
        assert name is not None, "a valid configuration names it at this node"
        return supervisors[name]

    ends, alice, bob = section.ends_at(node), None, None
    if "alice" in ends:
        alice = AliceEnd(
            source=obligatory(section.source),
            attenuator=obligatory(section.attenuator),
            engine=obligatory(section.engine_alice),
            power_meter=optional(section.power_meter),
            switch=optional(section.switch),
        )
    if "bob" in ends:
        bob = BobEnd(
            engine=obligatory(section.engine_bob),
            polarization_controller=optional(section.polarization_controller),
            detector=optional(section.detector),
        )
    return LinkRoles(alice, bob) if ends else None


def _committed(journal: Journal, name: str) -> Callable[[], Mapping[str, bool | int | float | str]]:
    return lambda: journal.committed(name)


def _dark_first(config: Config, name: str, supervisors: Mapping[str, Supervisor]) -> Callable[[], Awaitable[None]]:
    """What must be true before a device is prepared: an attenuator that moves must have no light to let through."""
    sources = [link.source for link in config.links.values() if link.attenuator == name and link.source is not None]

    async def sources_are_dark() -> None:
        for source in sources:
            await require_dark(supervisors[source], f"preparing {name}")

    return sources_are_dark
