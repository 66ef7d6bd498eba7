"""Bases whose error rates tell how well a link is aligned, where not both do.

In the test basis of MDI-QKD a quarter of the bits of coherent pulses are wrong however well they meet (Ma and Razavi,
Phys. Rev. A 86, 062319 (2012)), and signal windows of sending or not sending are full of errors by design (Wang, Yu
and Hu, Phys. Rev. A 98, 062323 (2018)).
"""

from collections.abc import Mapping
from typing import Final

from qkdctl.records.network import LinkState
from qkdctl.records.series import ErrorSeries

BASES: Final = "zx"
_TOLD_BY: Final[Mapping[str, str]] = {"mdi": "z", "tf": "x"}


def telling_bases(protocol: str) -> str:
    """Letters of these bases, of any protocol."""
    return _TOLD_BY.get(protocol, BASES)


def telling_series(link: LinkState) -> list[ErrorSeries]:
    """Series of the error rates of these bases, one or two."""
    series = {"z": link.qber_z, "x": link.qber_x}
    return [series[basis] for basis in telling_bases(link.protocol)]
