"""Many simulated networks as one environment of the Gymnasium vector interface."""
