"""Where clients reach simulated instruments: TCP ports and pseudo-terminals, with faults on demand."""
