"""Simulated key managers: ETSI GS QKD 014 over HTTPS, serving what the simulated links made."""
