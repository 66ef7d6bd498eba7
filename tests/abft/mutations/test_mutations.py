"""Guards of the agreement cannot be taken away unnoticed; `tests.campaigns.agreement mutations` tries all of them."""

import re
from pathlib import Path

import pytest

from tests.abft.mutations.bench import REPOSITORY, MutationBench
from tests.abft.mutations.mutation import Mutation
from tests.abft.mutations.table import MUTATIONS

TRIED = ("the added clause for voters", "words are stored before they are sent", "votes are restored")


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> MutationBench:
    return MutationBench(tmp_path_factory.mktemp("mutations"))


@pytest.mark.parametrize("mutation", [one for one in MUTATIONS if one.guard in TRIED], ids=lambda one: one.name)
def test_a_guard_that_is_missing_is_noticed(bench: MutationBench, mutation: Mutation) -> None:
    assert bench.notices(mutation)


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda one: one.name)
def test_the_table_fits_the_code(mutation: Mutation) -> None:
    assert (REPOSITORY / "qkdctl" / "abft" / mutation.file).read_text().count(mutation.before) == 1
    assert re.fullmatch(r"seed \d+ \d+ \d+|test_\w+\.py::test_\w+", mutation.noticed_by)
    if "::" in mutation.noticed_by:
        file, test = mutation.noticed_by.split("::")
        assert f"def {test}(" in (Path(__file__).parents[1] / file).read_text()


def test_no_guard_is_listed_twice() -> None:
    assert len({mutation.name for mutation in MUTATIONS}) == len(MUTATIONS)
