"""Benchmarks: what the daemon adds to a poll, against raw streams and against its peers; `make bench` runs them."""
