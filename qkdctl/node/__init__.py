"""Composition root: one node from its configuration, run with its servers."""

from qkdctl.node.direct import probe, safe_directly
from qkdctl.node.run import RunOptions, run

__all__ = ["RunOptions", "probe", "run", "safe_directly"]
