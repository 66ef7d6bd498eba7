"""`docs/results/agreement-mutations.md`: what notices that a guard is missing."""

import tempfile
import time
from pathlib import Path

from tests.abft.mutations.bench import MutationBench
from tests.abft.mutations.table import MUTATIONS
from tests.campaigns.agreement.code import REPOSITORY, code_digest

PAGE = REPOSITORY / "docs" / "results" / "agreement-mutations.md"

_HEAD = """\
# Guards of the agreement, taken away one at a time

Each line changes one place in `qkdctl/abft`: a quorum is weakened, a condition dropped, something not stored. What
stands behind it must fail then: a test below `tests/abft`, or a seed of the simulation ("seed N f first count").
The texts before and after stand in `tests/abft/mutations`.

| file | guard | noticed by |
|---|---|---|
"""


def campaign(*, save: bool) -> int:
    """Try every mutation; 1 when one goes unnoticed."""
    rows, unnoticed = [], 0
    with tempfile.TemporaryDirectory() as directory:
        bench = MutationBench(Path(directory))
        for number, mutation in enumerate(MUTATIONS, 1):
            began = time.monotonic()
            is_noticed = bench.notices(mutation)
            unnoticed += not is_noticed
            noticed_by = mutation.noticed_by if is_noticed else "**nothing**"
            print(
                f"{number} of {len(MUTATIONS)} {mutation.name}: {noticed_by}, {time.monotonic() - began:.0f} s",
                flush=True,
            )
            rows.append(f"| {mutation.file} | {mutation.guard} | {noticed_by} |")
    if save:
        foot = f"\n{len(rows)} guards, {unnoticed} unnoticed; code {code_digest()}.\n\nAgain:\n\n"
        foot += "    python -m tests.campaigns.agreement mutations --save\n"
        PAGE.write_text(_HEAD + "\n".join(rows) + "\n" + foot)
    return int(unnoticed > 0)
