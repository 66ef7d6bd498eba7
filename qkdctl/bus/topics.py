"""Names of topics, and which filter takes which."""

from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class NodeTopics:
    """The topics of one node, all below `<prefix>/<node>/`.

    Attributes:
        prefix: common to all nodes of a network; may contain slashes.
        node: name of the node.
    """

    prefix: str
    node: str

    @property
    def root(self) -> str:
        """What all topics of the node begin with, slash included."""
        return f"{self.prefix}/{self.node}/"

    @property
    def availability(self) -> str:
        """Retained, renewed with every heartbeat, and gone when the node has been silent for long."""
        return f"{self.root}availability"

    @property
    def birth(self) -> str:
        """What the node is, at the start of every session with the broker and when asked for."""
        return f"{self.root}birth"

    @property
    def death(self) -> str:
        """The will of a session."""
        return f"{self.root}death"

    @property
    def rebirth(self) -> str:
        """Where others ask for a birth and for messages that they missed."""
        return f"{self.root}cmd/rebirth"

    def device(self, name: str) -> str:
        """State of a device, retained."""
        return f"{self.root}device/{name}/state"

    def link(self, name: str) -> str:
        """State of a link, retained."""
        return f"{self.root}link/{name}/state"

    def replay(self, topic: str) -> str:
        """Where an old message of one of the node's topics is sent again, for those who asked."""
        return f"{self.root}replay/{topic.removeprefix(self.root)}"

    def replayed(self, topic: str) -> str | None:
        """The original topic of a replay; None when this topic is no replay."""
        head = f"{self.root}replay/"
        return self.root + topic.removeprefix(head) if topic.startswith(head) else None

    @classmethod
    def of(cls, prefix: str, topic: str) -> Self | None:
        """The topics of the node that this one belongs to; None when it lies elsewhere."""
        node, slash, _ = topic.removeprefix(f"{prefix}/").partition("/")
        return cls(prefix, node) if slash and topic.startswith(f"{prefix}/") else None


def takes(topic_filter: str, topic: str) -> bool:
    """Whether a filter with `+` and `#` takes a topic (MQTT 5, section 4.7)."""
    wanted, found = topic_filter.split("/"), topic.split("/")
    if topic.startswith("$") and wanted[0] in ("+", "#"):
        return False
    for place, level in enumerate(wanted):
        if level == "#":
            return True
        if place >= len(found) or level not in ("+", found[place]):
            return False
    return len(wanted) == len(found)
