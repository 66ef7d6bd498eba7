"""The contenders: each polls the same simulated attenuators in a process of its own; see `tests.bench.worker`."""
