"""The guide to a first network: its folders are made and found right by its own commands."""

import os
import re
import subprocess
import sys
from pathlib import Path

GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "first-network.md"
BLOCKS = re.findall(r"^```sh\n(.*?)^```", GUIDE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def test_its_commands_work(tmp_path: Path) -> None:
    until = next(number for number, block in enumerate(BLOCKS) if block.startswith("qkdctl network check"))
    kept = {name: value for name, value in os.environ.items() if not name.startswith("QKDCTL_")}
    done = subprocess.run(
        ["bash", "-e"],
        input="".join(BLOCKS[: until + 1]),
        cwd=tmp_path,
        env=kept | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.fullmatch(r"metro: valid; network metro, 4 members, f = 1, .*no errors, .*", done.stdout.splitlines()[-1])
    assert {path.name for path in (tmp_path / "metro").iterdir()} == {"north", "east", "south", "west"}


def test_the_daemons_that_it_starts_are_those_of_its_folders() -> None:
    (run,) = (block for block in BLOCKS if block.startswith("qkdctl run"))
    assert re.findall(r"(?:--config|--with) (\S+)", run) == [
        f"metro/{node}/qkdctl.toml" for node in ("north", "east", "south", "west")
    ]
