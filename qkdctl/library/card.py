"""What a node writes down about one policy file."""

from typing import Annotated

from pydantic import Field

from qkdctl.library.lifecycle import Life
from qkdctl.library.manifest import Manifest
from qkdctl.policy.canary import Canary
from qkdctl.records.base import Record


class Card(Record):
    """A file, or a combination of two policies, and its life.

    Attributes:
        manifest: that came with it; this node writes one for a combination.
        life: at this node.
        canary: the combination; without one there is a file.
    """

    manifest: Manifest
    life: Life
    canary: Annotated[tuple[Canary, ...], Field(max_length=1)] = ()
