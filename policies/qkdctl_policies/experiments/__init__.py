"""Experiments: whole networks under attack, controlled in different ways, and what the numbers say about claims."""
