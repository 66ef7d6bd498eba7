"""Nodes that do not keep to the protocol, and what they may try."""
