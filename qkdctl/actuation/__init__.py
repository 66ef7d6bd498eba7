"""From a plan to instruments: set-points, order of steps, read-back, roll-back, darkness."""
