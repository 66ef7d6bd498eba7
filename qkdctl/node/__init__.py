"""Composition root: one node from its configuration, run with its servers."""
