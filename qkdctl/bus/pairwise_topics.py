"""Topics between two nodes: `<prefix>/<network>/pair/<from>/<to>`."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PairTopics:
    """The topics that one node writes and reads.

    The sender comes before the receiver, so that a broker can let each node write below its own name only.

    Attributes:
        prefix: common to everything of an installation; may contain slashes.
        network: name of the network.
        me: name of the node.
    """

    prefix: str
    network: str
    me: str

    @property
    def inbound(self) -> str:
        """The filter that takes what is meant for this node."""
        return f"{self.prefix}/{self.network}/pair/+/{self.me}"

    @property
    def sign_of_life(self) -> str:
        """From the node to itself: shows that the broker lets it write."""
        return self.to(self.me)

    def to(self, peer: str) -> str:
        """Where this node writes to a peer."""
        return f"{self.prefix}/{self.network}/pair/{self.me}/{peer}"

    def sender_of(self, topic: str) -> str | None:
        """Who wrote to this node; None when the topic is another one."""
        head, tail = f"{self.prefix}/{self.network}/pair/", f"/{self.me}"
        if not topic.startswith(head) or not topic.endswith(tail):
            return None
        sender = topic[len(head) : -len(tail)]
        return sender if sender and "/" not in sender else None
