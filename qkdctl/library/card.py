"""What a node writes down about one policy file."""

from qkdctl.library.lifecycle import Life
from qkdctl.library.manifest import Manifest
from qkdctl.records.base import Record


class Card(Record):
    """A file and its life.

    Attributes:
        manifest: that came with it.
        life: at this node.
    """

    manifest: Manifest
    life: Life
