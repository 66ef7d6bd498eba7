"""The control loop: it wires report, agreement, decision and actuation, and decides nothing itself."""
