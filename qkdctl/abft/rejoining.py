"""Which epochs a node stays out of, because it may have said more in them than it remembers."""

from qkdctl.abft.quorum import Electorate


class Rejoining:
    """Finds the first epoch that the node cannot have spoken in before it forgot.

    A node enters an epoch once a strong quorum has decided the one before. So if it was in epoch e when it forgot, then
    of every strong quorum that it has heard from since, an honest member was in e - 1 or beyond: e is at most one more
    than where the hindmost strong quorum was found.
    """

    def __init__(self) -> None:
        self._found_in: dict[str, int] = {}

    def note(self, node: str, epoch: int) -> None:
        """A member speaks of an epoch; only its first word tells where it was."""
        self._found_in.setdefault(node, epoch)

    def may_have_spoken(self, epoch: int, electorate: Electorate) -> bool:
        """Whether the node must keep out of an epoch.

        Args:
            epoch: that begins.
            electorate: of that epoch.
        """
        for at in sorted(set(self._found_in.values())):
            if electorate.is_strong(node for node, found in self._found_in.items() if found <= at):
                return epoch <= at + 1
        return True
