"""How trust fares against adversaries in simulated networks."""
