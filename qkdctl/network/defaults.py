"""Defaults of a description that follow from its other values; what does not, stands in the models."""

from collections.abc import Mapping

from qkdctl.config.positions import KeyPath
from qkdctl.config.tree import Tree
from qkdctl.network.reading import MEMBERS, number, whole
from qkdctl.network.sections import NetworkTable

_EPOCH_S: float = NetworkTable.model_fields["epoch_s"].default
#: Shares of an epoch: reports, then round 0 and round 1 of twice its length, leave a fifth for what is late.
_SHARES = {"report_s": 0.2, "round_s": 0.2, "repeat_s": 0.05, "repeat_most_s": 0.4}


def with_defaults(tree: Tree) -> Tree:
    """Fill in what the file does not set; what follows from a value that is refused follows from its default."""
    for section in ("acts", "timing"):
        if tree.get((section,)) is None:
            tree = tree.with_value((section,), {}, None)
    tree = _default(tree, ("network", "epoch_s"), _EPOCH_S)
    epoch_s, faults = number(tree, ("network", "epoch_s")) or _EPOCH_S, whole(tree, ("network", "faults")) or 0
    tree = _default(tree, ("acts", "threshold"), faults + 1)
    for key, share in _SHARES.items():
        tree = _default(tree, ("timing", key), round(share * epoch_s, 6))
    for name in tree.table(MEMBERS):
        tree = _default(tree, ("members", name, "sae"), name)
    return tree


def _default(tree: Tree, path: KeyPath, value: object) -> Tree:
    if not isinstance(tree.get(path[:-1]), Mapping) or tree.get(path) is not None:
        return tree
    return tree.with_value(path, value, None)
