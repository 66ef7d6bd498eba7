"""Settings that do nothing but keep a value."""

from functools import partial

from hil_sim.scpi.command import Command
from hil_sim.scpi.values import Kind


def field(owner: object, header: str, kind: Kind, name: str) -> Command:
    """A setting without numeric suffixes whose value is the attribute `name` of `owner`."""
    return Command(header, kind, get=partial(getattr, owner, name), set=partial(setattr, owner, name))
