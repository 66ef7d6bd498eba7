"""The configuration with which a node of a network begins; its instruments are left to be filled in."""

from qkdctl.config.example import toml_value
from qkdctl.config.link_section import OBLIGATORY, PARTS, LinkSection
from qkdctl.config.suggestions import listing
from qkdctl.network.description import NetworkDescription
from qkdctl.records.session import End

_HEAD = """\
# Node {node} of the network {network}.
#
# What all nodes have agreed on stands in network.toml and need not be repeated. What is missing here are instruments:
# add a [devices.<name>] for each, uncomment their parts in the links below, and name a broker. Then, in this folder:
#   qkdctl network check
# Every key, its range and its default: qkdctl config create
"""
_BROKERS = """
# Messages to other nodes go through every broker that is named, at the same time; a broker cannot read or change them
# unnoticed, but it can keep them back.
#[network.brokers.one]
#host = "127.0.0.1"
"""
_CALIBRATION = ("operating_current_a", "tap_ratio")


def render_skeleton(description: NetworkDescription, node: str, keys: str) -> str:
    """The text of qkdctl.toml for one node.

    Args:
        description: of the network.
        node: a member.
        keys: lines of [network] that say where its keys come from.
    """
    text = _HEAD.format(node=node, network=description.name)
    text += f"\n[node]\nname = {toml_value(node)}\n"
    text += f'\n[network]\nfile = "network.toml"\n{keys}{_BROKERS}'
    text += _policy(description.file.network.policy)
    for link, figures in sorted(description.file.links.items()):
        ends: list[End] = [end for end in PARTS if getattr(figures, end) == node]
        if ends:
            text += f"\n[links.{link}]\n" + "".join(map(_end, ends))
    return text


def _policy(policy: str) -> str:
    if policy in ("rule-based", "hold"):
        return f"\n[policy]\nkind = {toml_value(policy)}\n"
    return f'\n[policy]\nkind = "onnx"\nfile = "policy.onnx"\nsha256 = {toml_value(policy)}\n'


def _end(end: End) -> str:
    obligatory = listing(OBLIGATORY[end], conjunction="and")
    verb = "are" if len(OBLIGATORY[end]) > 1 else "is"
    text = f"# {end.capitalize()}'s end stands here; obligatory {verb} {obligatory}.\n"
    for part in (*PARTS[end], *(_CALIBRATION if end == "alice" else ())):
        text += f"#{part} = {toml_value((LinkSection.model_fields[part].examples or [''])[0])}\n"
    return text
