"""The SCPI grammar, error queue and status model shared by simulated instruments."""
