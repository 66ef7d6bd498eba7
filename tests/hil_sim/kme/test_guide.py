"""What the guide on key managers says is so."""

import re
from pathlib import Path

import pytest

from hil_sim.kme import service
from qkdctl.keys import etsi014_errors

GUIDE = (Path(__file__).parents[3] / "docs" / "guides" / "key-manager.md").read_text(encoding="utf-8")
CLIENT, SERVER = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)


@pytest.mark.asyncio
async def test_the_example_of_a_test_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names: dict = {}
    exec(SERVER, names)
    await names["serve_three_nodes"](tmp_path)
    assert capsys.readouterr().out.startswith("https://127.0.0.1:")


def test_the_example_of_a_client_is_python() -> None:
    compile(CLIENT, "guide", "exec")


def test_every_error_and_every_mishap_is_named() -> None:
    errors = {name for name in vars(etsi014_errors) if name.endswith("Error")} - {"KeySourceError", "KeyManagerError"}
    assert errors <= set(re.findall(r"`(\w+Error)`", GUIDE))
    assert all(f"`{name}`" in GUIDE for name in service._MISHAPS)
