"""What docs/guides/network.md says is true."""

import re
from pathlib import Path

from qkdctl.abft.quorum import Electorate
from qkdctl.network.directories import PairKeys
from qkdctl.network.sections import NetworkFile
from tests.config import reference_table
from tests.config.files import errors_of, write
from tests.network.texts import RING_TEXT

GUIDE = (Path(__file__).parents[2] / "docs/guides/network.md").read_text(encoding="utf-8")


def test_the_reference_is_that_of_the_models() -> None:
    shown = GUIDE.partition(f"{reference_table.BEGIN}\n")[2].partition(reference_table.END)[0]
    assert shown == reference_table.render(NetworkFile), "python -m tests.config.reference_table network"


def test_the_table_of_sizes() -> None:
    rows = re.findall(r"\| (\d+) \| (\d+) \| (\d+) (?=\|)", GUIDE)
    assert len(rows) == 6
    for nodes, faults, slack in rows:
        assert Electorate.equal(map(str, range(int(nodes))), int(faults)).slack == int(slack)
        assert int(faults) == (int(nodes) - 1) // 3


def test_the_size_of_key_files() -> None:
    assert round(2 * 136 * PairKeys.for_days(1, 5.0).blocks / 1e6) == 12


def test_the_configuration_shown_lacks_nothing_but_instruments_and_secrets(tmp_path: Path) -> None:
    (text,) = re.findall(r"```toml\n(.*?)```", GUIDE, flags=re.DOTALL)
    write(tmp_path, RING_TEXT.replace("n-e", "north-east"), "network.toml")
    write(tmp_path, "", "ca.pem")
    for peer in ("east", "south", "west"):
        write(tmp_path, "", f"keys/{peer}.pair").chmod(0o600)
    keys = {problem.key for problem in errors_of(write(tmp_path, text))}
    assert keys - {"links.w-n.engine_bob", "links.w-n.can_realign"} == {
        f"links.north-east.{role}" for role in ("source", "attenuator", "power_meter", "engine_alice")
    }
