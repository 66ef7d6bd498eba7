"""A description to begin with, written from a few words."""

from collections.abc import Sequence

from qkdctl.config.example import toml_value

_HEAD = """\
# The network {name}: what all its nodes have agreed on. The file must be the same at every node, because nodes whose
# descriptions differ in any value do not count each other. Every key, its range and default: docs/guides/network.md
"""
_LINK = """
[links.{name}]
alice = {alice}
bob = {bob}
pulse_rate_hz = 1e9
# Figures by which all nodes judge the link; change them to those of the hardware.
expected_qber_ppm = 15_000
qber_limit_ppm = 60_000
#least_loss_db = 8.0
#detector_dead_time_ns = 50.0
"""


def render_description(name: str, members: Sequence[str], faults: int, links: Sequence[tuple[str, str]]) -> str:
    """The text of a description; `parse_description` judges it.

    Args:
        name: of the network.
        members: names of the nodes.
        faults: f.
        links: nodes of Alice and Bob; a link is called `alice-bob`, with a number when there are several.
    """
    text = _HEAD.format(name=name)
    text += f'\n[network]\nname = {toml_value(name)}\nfaults = {faults}\nepoch_s = 5.0\npolicy = "rule-based"\n'
    text += "".join(f"\n[members.{member}]\n" for member in members)
    for number, (alice, bob) in enumerate(links):
        same = links[:number].count((alice, bob))
        link = f"{alice}-{bob}" + (f"-{same + 1}" if same else "")
        text += _LINK.format(name=link, alice=toml_value(alice), bob=toml_value(bob))
    return text
