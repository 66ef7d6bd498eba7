"""What real replicas write down is what an auditor computes, an act that changes the members' f included."""

from pathlib import Path

import pytest

from qkdctl.audit.comparison import compare_ledgers
from qkdctl.audit.decisions import DecisionChecker
from qkdctl.audit.recomputation import Recomputation
from qkdctl.audit.recorded import read_directory
from qkdctl.records.act import SetFaults
from tests.agreement.nodes import PATIENCE_S, table


@pytest.mark.asyncio
async def test_every_node_s_ledger_can_be_computed_again_and_all_are_equal(tmp_path: Path) -> None:
    async with table(tmp_path, late_s=PATIENCE_S) as found:
        await found.decide(1)
        await found.nodes["a"].agreeing.desk.file(SetFaults(faults=0))  # type: ignore[union-attr]
        await found.decide(1)
        await found.nodes["b"].agreeing.desk.approve(0)  # type: ignore[union-attr]
        await found.decide(3)
        terms, nodes = found.terms, found.names
    for node in nodes:
        checker, again = DecisionChecker(), Recomputation(terms)
        for recorded in read_directory(tmp_path / node):
            if recorded.entry.kind == "decision":
                assert (checker.check(recorded), again.check(recorded), again.stopped) == (None, None, "")
        assert (checker.missing, again.followed, again.planned) == (0, checker.decided, checker.decided)
        assert again.state is not None
        assert again.state.book.faults == 0
        comparison = compare_ledgers(read_directory(tmp_path / nodes[0]), read_directory(tmp_path / node))
        assert comparison.is_equal
        assert comparison.common >= 5
