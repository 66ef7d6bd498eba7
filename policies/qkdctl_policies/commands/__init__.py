"""Verbs that this package adds to `qkdctl policy`."""
