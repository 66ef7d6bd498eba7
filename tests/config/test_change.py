"""What a reload has to touch."""

from pathlib import Path

import pytest

from qkdctl.config.change import Change, NamedChange, diff
from tests.config.files import VALID, read, write

LINK_CHANGED = NamedChange(changed=("alice-bob",))
METER = '\n[devices.spare]\ndriver = "acme-meter"\naddress = "tcp://192.0.2.30:1"\n'


@pytest.mark.parametrize(
    ("old", "new", "change"),
    [
        (VALID, f"# moved by a line\n{VALID}", Change()),
        (VALID, VALID.replace("epoch_s = 2", "epoch_s = 3"), Change(sections=("node",))),
        (VALID, f'{VALID}\n[mqtt]\n[logging]\nlevel = "debug"\n', Change(sections=("logging", "mqtt"))),
        (VALID, VALID + METER, Change(devices=NamedChange(added=("spare",)))),
        (VALID + METER, VALID, Change(devices=NamedChange(removed=("spare",)))),
        (
            VALID, VALID.replace("maximum = 0.06", "maximum = 0.05"),
            Change(devices=NamedChange(changed=("laser",)), links=LINK_CHANGED),
        ),
        (VALID, VALID.replace("tap_ratio = 99.0", "tap_ratio = 98.0"), Change(links=LINK_CHANGED)),
        (
            VALID, VALID.replace("[links.alice-bob]", "[links.other]"),
            Change(links=NamedChange(("other",), ("alice-bob",))),
        ),
    ],
)  # fmt: skip
def test_only_what_differs(tmp_path: Path, old: str, new: str, change: Change) -> None:
    path = write(tmp_path, old)
    before = read(path)
    found = diff(before, read(write(tmp_path, new)))
    assert found == change
    assert bool(found) == (change != Change())
