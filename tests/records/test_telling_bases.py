"""Error rates that belong to a protocol tell nothing of alignment."""

import pytest

from qkdctl.policy.actions import PROTOCOLS
from qkdctl.records.telling_bases import telling_bases


@pytest.mark.parametrize(
    ("protocol", "bases"), [("bb84", "zx"), ("bbm92", "zx"), ("mdi", "z"), ("tf", "x"), ("unheard-of", "zx")]
)
def test_bases_that_tell(protocol: str, bases: str) -> None:
    assert telling_bases(protocol) == bases


def test_no_protocol_is_without_one() -> None:
    assert all(telling_bases(protocol) for protocol in PROTOCOLS)
