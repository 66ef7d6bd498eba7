"""Thousands of seeds of the simulated agreement, and every single guard of it taken away."""
