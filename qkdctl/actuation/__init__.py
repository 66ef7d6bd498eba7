"""From a plan to instruments: set-points through the calibration record, order of steps, read-back, roll-back, safety."""
