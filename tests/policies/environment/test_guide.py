"""What the guide on the environment says is so."""

import re
from pathlib import Path

from qkdctl_policies.environment.network_views import LINK_COLUMNS, PATH_COLUMNS

from qkdctl.policy.actions import ACTIONS
from qkdctl.policy.schema import FEATURES

GUIDE = (Path(__file__).parents[3] / "docs" / "guides" / "environment.md").read_text(encoding="utf-8")


def test_the_example_runs():
    (example,) = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)
    namespace = {}
    exec(example, namespace)
    assert namespace["truncated"].all()
    assert namespace["rewards"].shape == (16,)


def test_the_table_has_every_key_and_its_width():
    rows = re.findall(r"^\| `(\w+)` \| ([^|]+) \|", GUIDE, re.MULTILINE)
    assert dict(rows) == {
        "links": f"links, {len(FEATURES)} + {len(LINK_COLUMNS)}",
        "legal": f"links, {len(ACTIONS)}",
        "link_mask": "links",
        "routes": f"demands, candidates, {len(PATH_COLUMNS)}",
        "route_mask": "demands, candidates",
    }
