"""What is decided follows from reports, most of which honest nodes made."""

from hil_sim.agreement.checkers.checker import Checker
from hil_sim.agreement.host import Host
from hil_sim.agreement.scenario import Scenario
from hil_sim.agreement.violation import ViolationError
from qkdctl.abft.messages import digest_of
from qkdctl.abft.value import Entry, Value


class Validity(Checker):
    """Every decision is recomputed by an application of its own from the reports it names.

    Args:
        scenario: what is simulated.
    """

    def __init__(self, scenario: Scenario) -> None:
        super().__init__(scenario)
        self._application = scenario.application()
        self._reported: dict[tuple[str, int], set[str]] = {}
        self._checked: set[str] = set()

    def reported(self, host: Host, epoch: int, content: str) -> None:
        """Remember what honest nodes measured; after a crash they may measure again."""
        self._reported.setdefault((host.name, epoch), set()).add(content)

    def committed(self, host: Host, entry: Entry) -> None:
        """The entry holds what the value names, and the value follows from it."""
        epoch, members = entry.chain.epoch, entry.chain.electorate
        named = dict(entry.value.reports)
        if {author: digest_of(text) for author, text in entry.reports.items()} != named:
            raise ViolationError("an entry holds the reports it names", host.name, f"epoch {epoch}")
        if entry.value.digest in self._checked:
            return
        self._checked.add(entry.value.digest)
        if not set(named) <= set(members.names) or len(named) < members.enough_reports:
            raise ViolationError(
                "at least N - f reports of members count", host.name, f"epoch {epoch}: {sorted(named)}"
            )
        outcome = self._application.decide(entry.chain, entry.reports)
        recomputed = Value(epoch, entry.chain.previous, entry.value.reports, outcome)
        if recomputed.text != entry.value.text:
            raise ViolationError("what is decided follows from the reports", host.name, f"epoch {epoch}")
        honest = [author for author in named if author not in self.scenario.liars]
        forged = [name for name in honest if entry.reports[name] not in self._reported.get((name, epoch), ())]
        if forged:
            raise ViolationError("nobody reports in another's name", host.name, f"epoch {epoch}: {forged}")
        if len(honest) < len(members.members) - 2 * members.faults:
            raise ViolationError("N - 2f honest reports count", host.name, f"epoch {epoch}: {honest}")
