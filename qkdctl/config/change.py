"""What a new configuration changes, for a reload that touches nothing else."""

from collections.abc import Mapping
from dataclasses import dataclass

from qkdctl.config.model import Config

_NAMED = ("devices", "links")


@dataclass(frozen=True, slots=True)
class NamedChange:
    """Changes among things with names, each tuple sorted."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.changed)


@dataclass(frozen=True, slots=True)
class Change:
    """Difference between two configurations.

    Attributes:
        sections: changed ones except devices and links, sorted.
        devices: by name.
        links: by name; a link whose own table is the same is listed as changed when one of its devices changes, because
            it is without that instrument while it reconnects.
    """

    sections: tuple[str, ...] = ()
    devices: NamedChange = NamedChange()
    links: NamedChange = NamedChange()

    def __bool__(self) -> bool:
        return bool(self.sections or self.devices or self.links)


def diff(old: Config, new: Config) -> Change:
    """Compare two configurations by value; where a value is written does not matter."""
    sections = sorted(
        key for key in Config.model_fields if key not in _NAMED and getattr(old, key) != getattr(new, key)
    )
    devices = _named(old.devices, new.devices)
    links = _named(old.links, new.links)
    touched = {*devices.added, *devices.removed, *devices.changed}
    through_devices = {
        name
        for name, link in new.links.items()
        if name in old.links and not touched.isdisjoint(link.devices().values())
    }
    changed = tuple(sorted({*links.changed, *through_devices}))
    return Change(tuple(sections), devices, NamedChange(links.added, links.removed, changed))


def _named(old: Mapping[str, object], new: Mapping[str, object]) -> NamedChange:
    return NamedChange(
        added=tuple(sorted(new.keys() - old.keys())),
        removed=tuple(sorted(old.keys() - new.keys())),
        changed=tuple(sorted(name for name in old.keys() & new.keys() if old[name] != new[name])),
    )
