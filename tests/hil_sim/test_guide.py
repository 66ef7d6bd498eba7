"""What the guide on simulators says is so."""

import re
import tomllib
from pathlib import Path

from hil_sim.disturbance import CABLE_FAULTS, LINE_FAULTS
from hil_sim.scenario import scenario_of

GUIDE = (Path(__file__).parents[2] / "docs" / "guides" / "simulators.md").read_text(encoding="utf-8")


def test_the_example_scenario_is_good() -> None:
    (example,) = re.findall(r"```toml\n(.*?)```", GUIDE, re.DOTALL)
    scenario = scenario_of(tomllib.loads(example))
    assert scenario.instruments["snspd"].side_ports == {"counts": 12345}


def test_every_fault_is_explained_and_no_other() -> None:
    assert re.findall(r"^\| `([a-z-]+)` \|", GUIDE, re.MULTILINE) == [*LINE_FAULTS, *CABLE_FAULTS]


def test_the_example_test_passes(pytester) -> None:
    (example,) = re.findall(r"```python\n(.*?)\ndef test_survives", GUIDE, re.DOTALL)
    pytester.makepyfile(example)
    pytester.runpytest_inprocess("-o", "asyncio_default_fixture_loop_scope=function").assert_outcomes(passed=1)
