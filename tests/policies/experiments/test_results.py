"""The results that are printed are those of the rows that are stored."""

from pathlib import Path

import pytest
from qkdctl_policies.experiments.claims import paper_claims
from qkdctl_policies.experiments.cost import read_cost
from qkdctl_policies.experiments.rows_file import RowsFile
from qkdctl_policies.experiments.scores import Rows
from qkdctl_policies.experiments.suite import load_suite
from qkdctl_policies.experiments.targets import own_targets
from qkdctl_policies.experiments.trainings import read_trainings

RESULTS = Path(__file__).parents[3] / "docs" / "results"
STORED = sorted((RESULTS / "experiments").glob("*.jsonl.gz"))


def test_the_verdicts_on_all_claims_and_targets_are_those_of_the_stored_rows() -> None:
    rows = [row for file in STORED for row in RowsFile(file).read()]
    page = (RESULTS / "paper-table.md").read_text(encoding="utf-8")
    assert f"of {len(rows)} simulated stories" in page
    known = Rows(rows)
    cost, trainings = read_cost(RESULTS / "bench-agreement.json"), read_trainings(RESULTS / "policy-trainings.json")
    for claim in [*paper_claims(known, cost, trainings), *own_targets(known, trainings)]:
        [line] = [line for line in page.splitlines() if line.startswith(f"| {claim.claim} |")]
        assert f"**{claim.verdict}**" in line
        for finding in claim.findings:
            assert f"| {finding.where} | {100 * finding.value:.2f} %" in page or finding.unit == "exponent"


@pytest.mark.parametrize("file", STORED, ids=lambda file: file.name)
def test_the_stored_rows_are_whole_seeds_of_a_shipped_suite(file) -> None:
    stored = [(row["configuration"], row["seed"]) for row in RowsFile(file).read()]
    seeds = {seed for _, seed in stored}
    suite = load_suite(file.name.removesuffix(".jsonl.gz"))
    assert stored == [cell.key for cell in suite.cells() if cell.seed in seeds]
    assert file.stat().st_size < 5_000_000
