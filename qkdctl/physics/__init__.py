"""What quantum mechanics allows: rates, error bounds and ceilings, vectorised and without I/O."""
