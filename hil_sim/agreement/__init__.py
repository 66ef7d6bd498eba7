"""Deterministic simulation of the agreement: many replicas, a hostile network, crashes and liars, all from one seed."""
