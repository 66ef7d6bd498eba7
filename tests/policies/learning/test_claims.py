"""What files say of their making covers all that decides it."""

import json
import subprocess
import sys

from qkdctl_policies.learning import claims as claimed
from qkdctl_policies.learning.claims import claims

from tests.policies.learning.tiny import tiny

LOADED = """
import json, sys
from qkdctl_policies.environment.network_env import NetworkEnv
from qkdctl_policies.learning.scenarios import network
NetworkEnv([network("cambridge", 1), network("many-protocols", 1)]).reset(seed=1)
rooms = ("hil_sim.", "qkdctl.physics.", "qkdctl.routing.", "qkdctl_policies.environment.")
print(json.dumps([module.__file__ for name, module in sys.modules.items() if name.startswith(rooms)]))
"""
WORDS_ONLY = ("scenario_problems.py", "__init__.py")
"""Messages about mistakes, and names."""


def test_every_source_that_the_environment_loads_is_in_its_hash():
    run = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, check=True)
    hashed = {str(path) for path in claimed._ENVIRONMENT}
    assert len(hashed) > 50
    loaded = [file for file in json.loads(run.stdout) if not file.endswith(WORDS_ONLY)]
    assert len(loaded) > 50
    assert not set(loaded) - hashed


def test_scenario_files_and_their_topologies_are_in_the_hash(tmp_path):
    scenario, topology = tmp_path / "mine.toml", tmp_path / "town.toml"
    scenario.write_text('[network]\ntopology = "town.toml"\n')  # beside it, wherever this process works
    topology.write_text("one")
    config = tiny(environment={"scenarios": [str(scenario)]})
    first = claims(config, 5)
    assert claims(config, 5) == first
    topology.write_text("two")
    second = claims(config, 5)
    scenario.write_text(scenario.read_text() + "# edited\n")
    third = claims(config, 5)
    assert len({found["environment_hash"] for found in (first, second, third)}) == 3
    assert len({found["training_hash"] for found in (first, second, third)}) == 1


def test_a_source_of_another_content_or_name_gives_another_hash(tmp_path):
    files = [tmp_path / "a.py", tmp_path / "b.py"]
    for file in files:
        file.write_text("x = 1\n")
    before = claimed._digest(b"", files)
    files[1].write_text("x = 2\n")
    changed = claimed._digest(b"", files)
    assert len({before, changed, claimed._digest(b"", files[1:]), claimed._digest(b"1", files[1:])}) == 4
