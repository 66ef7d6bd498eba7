"""The results that are printed are those of the rows that are stored."""

from pathlib import Path

from qkdctl_policies.experiments.claims import paper_claims
from qkdctl_policies.experiments.rows_file import RowsFile
from qkdctl_policies.experiments.scores import Rows
from qkdctl_policies.experiments.suite import load_suite

RESULTS = Path(__file__).parents[3] / "docs" / "results"


def test_the_verdicts_on_the_claims_of_the_paper_are_those_of_the_stored_rows() -> None:
    rows = RowsFile(RESULTS / "experiments.jsonl").read()
    page = (RESULTS / "paper-table.md").read_text(encoding="utf-8")
    assert f"of {len(rows)} simulated stories" in page
    for claim in paper_claims(Rows(rows)):
        [line] = [line for line in page.splitlines() if line.startswith(f"| {claim.claim} |")]
        assert f"**{claim.verdict}**" in line
        for finding in claim.findings:
            assert f"| {finding.where} | {100 * finding.value:.2f} %" in page


def test_the_stored_rows_are_whole_seeds_of_the_small_suite() -> None:
    stored = [(row["configuration"], row["seed"]) for row in RowsFile(RESULTS / "experiments.jsonl").read()]
    seeds = {seed for _, seed in stored}
    assert stored == [cell.key for cell in load_suite("small").cells() if cell.seed in seeds]
