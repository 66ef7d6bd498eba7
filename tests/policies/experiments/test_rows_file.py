"""Files of rows: what is none is told with its file and line, and left as it is."""

import json

import pytest
from qkdctl_policies.experiments.command import experiment
from qkdctl_policies.experiments.rows_file import RowsError, RowsFile
from typer.testing import CliRunner

from tests.policies.experiments.test_scores import demand, row

ROW = row("both", demand())
BOUND = {name: value for name, value in row("bound", demand()).items() if name not in ("accepted", "qber_variance")}
RUNNER = CliRunner()


def changed(**changes) -> bytes:
    return json.dumps(ROW | changes).encode()


STRANGERS = [
    (b"hello", "got 'hello'"),
    (b"[1]", "it is no table"),
    (b"[" * 100_000, "recursion"),
    (b"1" * 5000, "4300 digits"),
    (b"\xff\xfe", "in UTF-8"),
    (b'{"configuration": "x", "seed": 1}', "network: Field required"),
    (changed(configuration=[]), "configuration: Input should be a valid string"),
    (changed(seed="1"), "seed: Input should be a valid integer"),
    (changed(nodes=0), "nodes: Input should be greater than or equal to 1"),
    (changed(demands=[{}]), "demands.0.source: Field required"),
    (changed(arm="bth"), "no arm 'bth'; did you mean 'both'"),
    (changed(attack="overtt"), "no attack 'overtt'; did you mean 'overt'"),
    (changed(demands=[demand(secure=300)]), "demands.0: expected 0 <= secure <= delivered <= asked keys"),
    (changed(demands=[demand(), demand(secure=-5)]), "demands.1: expected 0 <= secure"),
    (changed(demands=[demand(delivered=101)]), "demands.0: expected 0 <= secure"),
    (changed(demands=[demand(served=11)]), "demands.0: expected secure_slots <= served_slots <= epochs"),
    (changed(demands=[demand(served=9)]), "demands.0: expected secure_slots <= served_slots <= epochs"),
]


@pytest.mark.parametrize(("line", "says"), STRANGERS, ids=[says for _, says in STRANGERS])
def test_what_is_no_row_is_told_with_its_file_and_line_and_stays(tmp_path, line, says) -> None:
    file = RowsFile(tmp_path / "rows")
    content = json.dumps(ROW).encode() + b"\n" + line + b"\n"
    file.path.write_bytes(content)
    for act in (file.read, lambda: file.resume([(ROW["configuration"], ROW["seed"])])):
        with pytest.raises(RowsError, match=r"rows, line 2: expected") as raised:
            act()
        assert says in str(raised.value)
    assert file.path.read_bytes() == content


def test_both_commands_refuse_what_is_no_row(tmp_path) -> None:
    file = tmp_path / "rows"
    file.write_bytes(b'{"configuration": [], "seed": 1}\n')
    for arguments in (["report", str(file)], ["run", "small", "--resume", "--into", str(file)]):
        told = RUNNER.invoke(experiment, arguments)
        assert (told.exit_code, "rows, line 1: expected a row" in told.output) == (1, True), told.output


def test_rows_of_arms_and_of_the_bound_are_rows(tmp_path) -> None:
    file = RowsFile(tmp_path / "rows")
    for one in (ROW, BOUND):
        file.append(one)
    assert file.read() == [ROW, BOUND]


@pytest.mark.parametrize("length", [1, 10, 100])
def test_a_row_that_was_cut_short_is_taken_off(tmp_path, length) -> None:
    file = RowsFile(tmp_path / "rows")
    file.append(ROW)
    whole = file.path.read_bytes()
    file.path.write_bytes(whole + whole[:length])
    assert file.read() == [ROW]
    assert file.resume([(ROW["configuration"], ROW["seed"])]) == {(ROW["configuration"], ROW["seed"])}
    assert file.path.read_bytes() == whole


def test_a_last_row_that_only_lacks_its_end_is_read(tmp_path) -> None:
    file = RowsFile(tmp_path / "rows")
    for one in (ROW, BOUND):
        file.append(one)
    file.path.write_bytes(file.path.read_bytes()[:-1])
    assert file.read() == [ROW, BOUND]


def test_a_last_line_that_no_row_begins_with_is_not_taken_off(tmp_path) -> None:
    file = RowsFile(tmp_path / "notes")
    file.path.write_text("dear diary")
    with pytest.raises(RowsError, match=r"notes, line 1: expected a row .* got 'dear diary'"):
        file.resume([])
    assert file.path.read_text() == "dear diary"
