"""The application of a real node stands at the end of its ledger, and can judge nothing of an epoch before."""

from collections.abc import Mapping

from hil_sim.agreement.disk import Disk
from qkdctl.abft.chain import Chain
from qkdctl.abft.value import Application, Outcome


class StandingApplication:
    """Answers for the epoch after the last decision only.

    Args:
        application: computes.
        disk: where the ledger is.
    """

    def __init__(self, application: Application, disk: Disk) -> None:
        self._application = application
        self._disk = disk

    def admissible(self, epoch: int, author: str, content: str) -> bool:
        """Whether a text is a report of that author for the epoch under way."""
        return epoch == self._disk.chain.epoch and self._application.admissible(epoch, author, content)

    def decide(self, chain: Chain, reports: Mapping[str, str]) -> Outcome:
        """What follows from these reports.

        Raises:
            ValueError: nothing does, or the epoch is over.
        """
        if chain.epoch != self._disk.chain.epoch:
            raise ValueError(f"the state before epoch {chain.epoch} is gone")
        return self._application.decide(chain, reports)
