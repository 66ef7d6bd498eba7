"""One key on its way over one path."""

from dataclasses import dataclass, field

from qkdctl.records.relay import RelayOutcome, RelayRecord, RelayView, xor_hex
from qkdctl.records.route import Route

KEY_BITS = 256
KEY_BYTES = KEY_BITS // 8


@dataclass(slots=True)
class Transfer:
    """What is true about one key.

    Attributes:
        key: its ID.
        route: the path.
        hops: hop keys in hexadecimal, from the source on; none when a link had too little.
        heard: what each node heard each relay announce: node -> relay -> text, missing where it heard nothing.
        outcome: what the ends announced.
    """

    key: str
    route: Route
    hops: tuple[str, ...]
    heard: dict[str, dict[str, str]] = field(default_factory=dict)
    outcome: RelayOutcome = "lost"

    @property
    def nodes(self) -> tuple[str, ...]:
        """From source to destination."""
        return self.route.path.nodes

    def announce(self, relay: str, text: str, hearers: tuple[str, ...]) -> None:
        """Let some nodes hear a relay."""
        for node in hearers:
            self.heard.setdefault(node, {})[relay] = text

    def right_announcement(self, relay: str) -> str:
        """What an honest relay announces."""
        position = self.nodes.index(relay)
        return xor_hex(self.hops[position - 1], self.hops[position])

    def arrived(self) -> str | None:
        """The key that the destination computes; None when it did not hear every relay."""
        text, heard = self.hops[-1], self.heard.get(self.nodes[-1], {})
        for relay in self.nodes[1:-1]:
            if relay not in heard:
                return None
            text = xor_hex(text, heard[relay])
        return text

    def record(self, node: str, sequence: int) -> RelayRecord:
        """What a node records of it."""
        return RelayRecord(
            sequence=sequence,
            key=self.key,
            demand=self.route.demand,
            path=self.nodes,
            position=self.nodes.index(node),
            announced=self.heard.get(node, {}).get(node, ""),
            outcome=self.outcome,
        )

    def view(self, node: str) -> RelayView:
        """What an honest node says of it once it has failed."""
        position, heard = self.nodes.index(node), self.heard.get(node, {})
        return RelayView(
            key=self.key,
            path=self.nodes,
            position=position,
            before=self.hops[position - 1] if position else "",
            after=self.hops[position] if position < len(self.hops) else "",
            announced=tuple(heard.get(relay, "") for relay in self.nodes[1:-1]),
        )
