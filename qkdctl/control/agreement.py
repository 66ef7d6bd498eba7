"""How the reports of all nodes become one snapshot."""

from typing import Protocol

from qkdctl.records.report import NodeReport


class Agreement(Protocol):
    """What the epoch loop asks of the nodes together."""

    async def agree(self, report: NodeReport) -> tuple[NodeReport, ...]:
        """Contribute a report and return the reports all honest nodes agree on for its epoch."""


class Alone:
    """One node, f = 0: it agrees with itself."""

    async def agree(self, report: NodeReport) -> tuple[NodeReport, ...]:
        """The own report."""
        return (report,)
