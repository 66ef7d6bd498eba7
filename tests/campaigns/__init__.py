"""Long runs with their results in docs/results; none of them belongs to the suite."""
