"""What a reload is told to have changed."""

from pathlib import Path

import pytest

from qkdctl.config.change import changed_keys
from tests.config.files import VALID, read, write

METER = '\n[devices.spare]\ndriver = "acme-meter"\naddress = "tcp://192.0.2.30:1"\n'
LIMIT = "devices.laser.limits.current_a.maximum"


@pytest.mark.parametrize(
    ("old", "new", "keys"),
    [
        (VALID, f"# moved by a line\n{VALID}", ()),
        (VALID, VALID.replace("epoch_s = 2", "epoch_s = 3"), ("node.epoch_s",)),
        (VALID, f'{VALID}\n[logging]\nlevel = "debug"\n', ("logging.level",)),
        (VALID, VALID + METER, ("devices.spare",)),
        (VALID + METER, VALID, ("devices.spare",)),
        (VALID, VALID.replace("maximum = 0.06", "maximum = 0.05"), (LIMIT,)),
        (VALID, VALID.replace("tap_ratio = 99.0", "tap_ratio = 98.0"), ("links.alice-bob.tap_ratio",)),
        (VALID, VALID.replace("[links.alice-bob]", "[links.other]"), ("links.alice-bob", "links.other")),
    ],
)
def test_only_what_differs(tmp_path: Path, old: str, new: str, keys: tuple[str, ...]) -> None:
    before = read(write(tmp_path, old))
    assert changed_keys(before, read(write(tmp_path, new))) == keys


def test_a_section_that_comes_is_named_by_its_keys(tmp_path: Path) -> None:
    before = read(write(tmp_path, VALID))
    keys = changed_keys(before, read(write(tmp_path, f"{VALID}\n[mqtt]\n")))
    assert "mqtt.port" in keys
    assert all(key.split(".")[0] == "mqtt" for key in keys)
