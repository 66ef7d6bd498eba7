"""What the channels of a node are worth, and whether what is claimed is true, as members come and go."""

from collections.abc import Mapping

from qkdctl.auth.claims import FalseClaimError, refuse_false_claim
from qkdctl.auth.levels import Kind, Level, Way
from qkdctl.config.network_section import NetworkSection
from qkdctl.control.alarms import Alarms, Severity
from qkdctl.network.description import NetworkDescription
from qkdctl.records.act import ActBook

FALSE_CLAIM = "false-claim"
_UNAFFECTED = (Kind.COMPUTATIONAL, Kind.NONE)


class Security:
    """Judges anew whenever members or f have changed, and at the start.

    It knows of what is hybrid at other nodes nothing but what they tell their operators: the judgement is of the
    channels of this node.

    Args:
        me: the node.
        section, description: its [network], and the network that it names; None for a node alone.
        alarms: of the node; `false-claim` lasts as long as the claim is not true.
    """

    def __init__(
        self, me: str, section: NetworkSection | None, description: NetworkDescription | None, alarms: Alarms
    ) -> None:
        self._me = me
        self._section = section
        self._description = description
        self._alarms = alarms
        self._ways: Mapping[str, Way] = {}
        self._judged: tuple[tuple[str, ...], int] | None = None

    def take(self, book: ActBook) -> None:
        """The book after a decision, or the one to begin with."""
        section, description, me = self._section, self._description, self._me
        if section is None or description is None or self._judged == (book.members, book.faults):
            return
        self._judged = book.members, book.faults
        peers = [name for name in description.members if name != me]
        managed = section.key_manager is not None
        self._ways = description.ways(me, section.hybrid_among(peers), admitted=book.members, managed=managed)
        ways = {peer: way for peer, way in self._ways.items() if peer in book.members}
        try:
            refuse_false_claim(section.claim, ways, book.faults, section.limits)
        except FalseClaimError as error:
            self._alarms.raise_(FALSE_CLAIM, me, str(error), Severity.CRITICAL)
        else:
            self._alarms.clear(FALSE_CLAIM, me)

    def level(self, peer: str, channel: Level) -> Level:
        """The level of a channel among the members that there are now.

        Args:
            peer: the other end.
            channel: the level by the description with which the process started.
        """
        way = self._ways.get(peer)
        return channel if way is None or channel.kind in _UNAFFECTED else way.level
