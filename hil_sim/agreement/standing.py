"""The application of a real node stands at the end of its ledger, and judges nothing without the policy in force."""

from collections.abc import Callable, Mapping

from hil_sim.agreement.disk import Disk
from qkdctl.abft.chain import Chain
from qkdctl.abft.value import Application, Outcome


class StandingApplication:
    """Answers for the epoch after the last decision only, and only while it has all that it needs.

    Args:
        application: computes.
        disk: where the ledger is.
        lacks: tells whether the policy in force is missing.
    """

    def __init__(self, application: Application, disk: Disk, lacks: Callable[[], bool]) -> None:
        self._application = application
        self._disk = disk
        self._lacks = lacks

    def admissible(self, epoch: int, author: str, content: str) -> bool:
        """Whether a text is a report of that author for the epoch under way."""
        return epoch == self._disk.chain.epoch and self._application.admissible(epoch, author, content)

    def decide(self, chain: Chain, reports: Mapping[str, str]) -> Outcome:
        """What follows from these reports.

        Raises:
            ValueError: nothing does, the epoch is over, or the policy is missing.
        """
        if self._lacks():
            raise ValueError("the policy in force is not at hand")
        if chain.epoch != self._disk.chain.epoch:
            raise ValueError(f"the state before epoch {chain.epoch} is gone")
        return self._application.decide(chain, reports)
