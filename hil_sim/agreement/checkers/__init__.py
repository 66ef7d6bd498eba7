"""Properties that hold after every step, one per file; each sees all that honest hosts do."""
