"""Learning: each part keeps what it promises, and a training repeats itself."""
